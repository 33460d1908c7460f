import pytest
import torch

from lh_eval import LighthouseConfig, lighthouse_attention
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
