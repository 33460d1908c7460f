import pytest
import torch

from lh_eval import LighthouseConfig, Rotary, lighthouse_attention, select_entries
from lh_eval.attention.operator import stages

FORWARD = ["pool+score", "select", "gather", "attend", "scatter"]
BACKWARD = ["scatter backward", "attend backward", "gather backward"]
CONFIG = LighthouseConfig(k=16)


@pytest.fixture
def qkv():
    torch.manual_seed(0)
    return torch.randn(1, 4, 301, 16), torch.randn(1, 2, 301, 16), torch.randn(1, 2, 301, 16)


def test_forward_stages_and_their_result(qkv):
    run = stages(*qkv, CONFIG, impl="reference")
    assert list(run) == FORWARD
    for _ in range(2):
        torch.testing.assert_close(run["scatter"](), lighthouse_attention(*qkv, CONFIG), rtol=0, atol=0)
    assert not run["attend"]().requires_grad


def test_backward_stages_end_in_the_gradients(qkv):
    grad = torch.randn_like(qkv[0])
    run = stages(*qkv, CONFIG, impl="reference", grad=grad)
    assert list(run) == FORWARD + BACKWARD
    leaves = [x.clone().requires_grad_() for x in qkv]
    expected = torch.autograd.grad(lighthouse_attention(*leaves, CONFIG), leaves, grad)
    for _ in range(2):
        for found, wanted in zip(run["gather backward"](), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_inputs_are_left_alone(qkv):
    stages(*qkv, CONFIG, impl="reference", grad=torch.ones_like(qkv[0]))["attend backward"]()
    assert all(not x.requires_grad and x.grad is None for x in qkv)


def test_stages_follow_every_setting(qkv):
    """Rotated after selection, combined by another rule: each stage has what the operator has there."""
    config = LighthouseConfig(k=16, rope="after", combine="mean")
    rotary = Rotary(10000.0 ** -(torch.arange(8) / 8))
    grad = torch.randn_like(qkv[0])
    run = stages(*qkv, config, impl="reference", rotary=rotary, grad=grad)
    leaves = [x.clone().requires_grad_() for x in qkv]
    out = lighthouse_attention(*leaves, config, impl="reference", rotary=rotary)
    assert torch.equal(run["select"](), select_entries(*qkv, config, impl="reference", rotary=rotary))
    assert torch.equal(run["scatter"](), out)
    for x, pooled in zip(run["gather"](), run["pool+score"]()[0], strict=True):
        heads = pooled.shape[1]
        indices = run["select"]()[:, :: 4 // heads] if heads == 4 else None
        if indices is not None:
            assert torch.equal(x, pooled.gather(2, indices[..., None].expand(-1, -1, -1, pooled.shape[-1])))
    assert run["attend"]().shape == run["gather"]()[0].shape
    for found, wanted in zip(run["gather backward"](), torch.autograd.grad(out, leaves, grad), strict=True):
        torch.testing.assert_close(found, wanted)
    first, second = (run["scatter backward"]() for _ in range(2))
    assert torch.equal(first[0], second[0])
