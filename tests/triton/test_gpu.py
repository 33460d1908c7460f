"""What only a GPU can show: the released operator's vectors, long sequences, 64-bit addresses, many reruns."""

import golden
import numpy as np
import pytest
import torch

from lh_eval import LighthouseConfig, Rotary, lighthouse_attention, select_entries

pytestmark = pytest.mark.gpu


def _random(heads, tokens, dim, *, groups=None, seed=0, dtype=torch.bfloat16):
    generator = torch.Generator("cuda").manual_seed(seed)

    def one(rows):
        scale = torch.randn(1, rows, tokens, 1, generator=generator, device="cuda").exp()
        return (torch.randn(1, rows, tokens, dim, generator=generator, device="cuda") * scale).to(dtype)

    return one(heads), one(groups or heads), one(groups or heads)


@pytest.mark.parametrize("name", golden.CASES)
def test_golden(name):
    case = golden.load(name)
    config = LighthouseConfig(k=case["k"], num_levels=case["L"], pooling_factor=case["p"])
    q, k, v, grad = (x.cuda() for x in golden.inputs(case, torch.float32))
    for x in (q, k, v):
        x.requires_grad_()
    assert np.array_equal(select_entries(q, k, v, config, impl="triton").cpu().numpy(), case["indices"])
    out = lighthouse_attention(q, k, v, config, impl="triton")
    torch.testing.assert_close(out.detach().cpu(), torch.from_numpy(case["out"]), rtol=0, atol=5e-5)
    out.backward(grad)
    for field, x in (("dq", q), ("dk", k), ("dv", v)):
        actual = x.grad.transpose(1, 2).cpu()  # [B, N, H, D]
        expected = torch.from_numpy(case[field])
        assert (actual[:, :256] - expected).abs().max() <= 5e-4 * expected.abs().max()
        total = torch.from_numpy(case[field + "sum"])
        assert (actual.double().sum((0, 1)) - total).abs().max() <= 5e-4 * actual.abs().max()


@pytest.mark.parametrize("name", golden.ROPE_CASES)
def test_golden_with_rope_after_selection(name):
    case = golden.load(name)
    config = LighthouseConfig(k=case["k"], num_levels=case["L"], pooling_factor=case["p"], rope="after")
    rotary = Rotary(golden.inv_freq(case).cuda(), interleaved=True)
    *raw, grad = (x.cuda() for x in golden.inputs(case, torch.float32))
    for x in raw:
        x.requires_grad_()
    q, k = (golden.rotated(x, case) for x in raw[:2])
    found = select_entries(q, k, raw[2], config, impl="triton", rotary=rotary)
    assert np.array_equal(found.cpu().numpy(), case["indices"])
    out = lighthouse_attention(q, k, raw[2], config, impl="triton", rotary=rotary)
    torch.testing.assert_close(out.detach().cpu(), torch.from_numpy(case["out"]), rtol=0, atol=1e-3)
    out.backward(grad)
    for field, x in zip(("dq", "dk", "dv"), raw, strict=True):
        actual = x.grad.transpose(1, 2).cpu()
        assert (actual[:, :256] - torch.from_numpy(case[field])).abs().max() <= 1e-3 * abs(case[field]).max()
        total = torch.from_numpy(case[field + "sum"])
        assert (actual.double().sum((0, 1)) - total).abs().max() <= 1e-3 * actual.abs().max()


def test_gathered_length_beyond_16_bits():
    q, k, v = _random(2, 524_288, 64)
    config = LighthouseConfig(k=8192)
    indices = select_entries(q, k, v, config, impl="triton")
    assert indices.shape[2] == 98_304
    assert torch.equal(indices, select_entries(q, k, v, config, impl="reference"))
    assert lighthouse_attention(q, k, v, config, impl="triton").isfinite().all()


def test_addresses_beyond_32_bits():
    """More than 2^31 elements in q: its last heads are computed as they are alone."""
    q, k, v = _random(34, 524_288, 128, groups=1)
    assert q.numel() > 2**31
    config = LighthouseConfig(k=512)
    whole = lighthouse_attention(q, k, v, config, impl="triton")[:, -2:].clone()
    assert torch.equal(whole, lighthouse_attention(q[:, -2:].clone(), k, v, config, impl="triton"))


def test_a_thousand_reruns_have_the_same_bits():
    q, k, v = _random(4, 9001, 64, groups=2)
    config = LighthouseConfig(k=512)
    grad = torch.randn_like(q)
    for x in (q, k, v):
        x.requires_grad_()

    def run():
        out = lighthouse_attention(q, k, v, config, impl="triton")
        return [out.detach(), *torch.autograd.grad(out, (q, k, v), grad)]

    torch.use_deterministic_algorithms(True)  # dense attention's backward as well
    try:
        first = run()
        different = torch.zeros((), dtype=torch.int64, device="cuda")
        for _ in range(1000):
            for x, y in zip(run(), first, strict=True):
                different += (x.view(torch.int16) != y.view(torch.int16)).sum()
        assert different.item() == 0
    finally:
        torch.use_deterministic_algorithms(False)


def test_auto_takes_triton():
    q, k, v = _random(2, 3000, 64)
    config = LighthouseConfig(k=256)
    auto, triton = (lighthouse_attention(q, k, v, config, impl=impl) for impl in ("auto", "triton"))
    assert torch.equal(auto, triton)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_tensors_on_another_device_than_the_current_one():
    inputs = _random(2, 3000, 64)
    config = LighthouseConfig(k=256)
    expected = lighthouse_attention(*inputs, config, impl="triton")
    there = lighthouse_attention(*(x.to("cuda:1") for x in inputs), config, impl="triton")
    assert there.device == torch.device("cuda:1")
    assert torch.equal(there.to("cuda:0"), expected)
