"""Each private interface still does what its name here says."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lh_eval import compat


def test_the_order_of_backends_is_what_was_set():
    before = compat.sdpa_priority()
    try:
        compat.set_sdpa_priority(before[::-1])
        assert compat.sdpa_priority() == before[::-1]
    finally:
        compat.set_sdpa_priority(before)


def test_a_mode_is_seen():
    assert not compat.watched_by_a_mode()
    with TorchDispatchMode():
        assert compat.watched_by_a_mode()


def _inputs(device, dtype):
    return torch.randn(3, 2, 4, 16, 16, generator=torch.Generator().manual_seed(0)).to(device, dtype).unbind()


def test_flash_attention_on_a_cpu_gives_log_sums():
    q, k, v = _inputs("cpu", torch.float32)
    mask = torch.full((16, 16), -torch.inf).triu(1)
    out, sums = compat.flash_attention_on_cpu(q, k, v, mask=mask, scale=0.3)
    scores = q @ k.mT * 0.3 + mask
    torch.testing.assert_close(sums, scores.logsumexp(-1))
    torch.testing.assert_close(out, scores.softmax(-1) @ v)


@pytest.mark.gpu
def test_flash_attention_gives_log_sums():
    q, k, v = _inputs("cuda", torch.bfloat16)
    out, sums = compat.flash_attention(q[:, :, 8:], k, v, causal=True, scale=0.3)
    scores = q[:, :, 8:].float() @ k.float().mT * 0.3 + torch.full((8, 16), -torch.inf, device="cuda").triu(9)
    torch.testing.assert_close(sums, scores.logsumexp(-1), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(out.float(), scores.softmax(-1) @ v.float(), rtol=2e-2, atol=2e-2)


@pytest.mark.gpu
def test_what_triton_compiled_is_launched_again():
    import triton

    source = pytest.importorskip("lh_eval.kernels.triton.window_scores")._window_scores_kernel._kernel
    assert isinstance(source, triton.JITFunction)
    assert compat.parameter_names(source)[:4] == ("x", "expected", "strength", "scores")
