"""Output and gradients against the reference, and in low precision against a float64 yardstick."""

import dataclasses
import math

import pytest
import torch
from strategies import tensors

from lh_eval import InputError, LighthouseConfig, Rotary, lighthouse_attention, select_entries

CONFIGS = {
    "two levels": LighthouseConfig(k=8, tile_k=4, num_levels=2),
    "p = 2": LighthouseConfig(k=8, tile_k=4, pooling_factor=2),
    "p = 4": LighthouseConfig(k=8, tile_k=4),
    "p = 8": LighthouseConfig(k=4, tile_k=2, pooling_factor=8),
    "p = 16": LighthouseConfig(k=2, tile_k=2, pooling_factor=16),
    "six levels": LighthouseConfig(k=4, tile_k=2, num_levels=6, pooling_factor=2),
    "global": LighthouseConfig(k=6, selection="global"),
    "prefix": LighthouseConfig(k=8, tile_k=8, cover_prefix=True),
}


def run(inputs, config, impl, dtype=None, **options):
    """Output and gradients in float64; the gradient that comes in is the same for all."""
    q, k, v = (x.to(dtype or x.dtype).detach().requires_grad_() for x in inputs)
    out = lighthouse_attention(q, k, v, config, impl=impl, **options)
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    out.backward(grad.to(out))
    return [x.detach().double() for x in (out, q.grad, k.grad, v.grad)]


def errors(results, yardstick):
    return [float((x - y).norm() / y.norm().clamp_min(1e-30)) for x, y in zip(results, yardstick, strict=True)]


@pytest.mark.parametrize(
    ("name", "tokens", "heads", "groups", "dim"),
    [*((name, 69, 2, 1, 32) for name in CONFIGS), ("p = 4", 64, 1, 1, 40), ("p = 4", 1, 1, 1, 16)],
)
@pytest.mark.usefixtures("poisoned")
def test_equals_the_reference(name, tokens, heads, groups, dim, device):
    inputs = [
        x.to(device)
        for x in tensors(3, batch=1, heads=heads, groups=groups, tokens=tokens, dim=dim, dtype=torch.float32)
    ]
    yardstick = run(inputs, CONFIGS[name], "reference", torch.float64)
    eager = errors(run(inputs, CONFIGS[name], "reference"), yardstick)
    ours = errors(run(inputs, CONFIGS[name], "triton"), yardstick)
    assert all(mine <= 2 * theirs + 1e-7 for mine, theirs in zip(ours, eager, strict=True)), (ours, eager)


@pytest.mark.parametrize(
    ("name", "pairs", "interleaved", "combine"),
    [
        ("two levels", 16, False, "finest"),
        ("p = 4", 16, True, "sum"),
        ("p = 4", 16, False, "mean"),
        pytest.param("p = 8", 5, False, "mean", marks=pytest.mark.long),
        ("six levels", 6, True, "sum"),
        pytest.param("six levels", 6, True, "finest", marks=pytest.mark.long),
        pytest.param("six levels", 6, True, "mean", marks=pytest.mark.long),
        ("global", 1, False, "finest"),
    ],
)
@pytest.mark.usefixtures("poisoned")
def test_rotated_and_combined(name, pairs, interleaved, combine, device):
    config = dataclasses.replace(CONFIGS[name], rope="after", combine=combine)
    inv_freq = torch.rand(pairs, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(device)
    inputs = [x.to(device) for x in tensors(5, heads=2, groups=1, tokens=69, dim=32, dtype=torch.float32)]
    rotary = Rotary(inv_freq, interleaved)
    yardstick = run(inputs, config, "reference", torch.float64, rotary=rotary)
    eager = errors(run(inputs, config, "reference", rotary=rotary), yardstick)
    ours = errors(run(inputs, config, "triton", rotary=rotary), yardstick)
    assert all(mine <= 2 * theirs + 1e-7 for mine, theirs in zip(ours, eager, strict=True)), (ours, eager)
    indices = (select_entries(*inputs, config, impl=impl, rotary=rotary) for impl in ("triton", "reference"))
    assert torch.equal(*indices)


@pytest.mark.parametrize("combine", [pytest.param("sum", marks=pytest.mark.long), "finest", "mean"])
def test_rotated_and_combined_in_float64(combine, device):
    config = dataclasses.replace(CONFIGS["p = 4"], rope="after", combine=combine)
    inputs = [x.to(device) for x in tensors(3, heads=4, groups=2, tokens=77)]
    rotary = Rotary(torch.tensor([1.0, 0.3, 0.1], dtype=torch.float64, device=device))
    for ours, reference in zip(
        *(run(inputs, config, impl, rotary=rotary) for impl in ("triton", "reference")), strict=True
    ):
        torch.testing.assert_close(ours, reference, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("scorer", ["qk", "pooled-qk", "random"])
def test_other_scorers_without_rotation(scorer, device):
    config = dataclasses.replace(CONFIGS["p = 4"], scorer=scorer, rope="after")
    inputs = [x.to(device) for x in tensors(2, heads=2, groups=1, tokens=70, dtype=torch.float32)]
    rotary = Rotary(torch.tensor([1.0, 0.2, 0.1], device=device), interleaved=True)
    found = (select_entries(*inputs, config, impl=impl, rotary=rotary) for impl in ("triton", "reference"))
    assert torch.equal(*found)


@pytest.mark.parametrize(("dtype", "dim", "combine"), [(torch.bfloat16, 128, "sum"), (torch.float16, 64, "mean")])
@pytest.mark.usefixtures("poisoned")
def test_rotated_in_low_precision(dtype, dim, combine, device, interpreted):
    tokens = 70 if interpreted else 5003
    config = LighthouseConfig(k=8, tile_k=4) if interpreted else LighthouseConfig(k=512, tile_k=64)
    config = dataclasses.replace(config, rope="after", combine=combine)
    inputs = [x.to(device) for x in tensors(5, heads=2, groups=1, tokens=tokens, dim=dim, dtype=dtype)]
    rotary = Rotary(1e4 ** -(torch.arange(0, dim, 2, device=device) / dim))
    yardstick = run(inputs, config, "reference", torch.float64, rotary=rotary)
    eager = errors(run(inputs, config, "reference", rotary=rotary), yardstick)
    ours = errors(run(inputs, config, "triton", rotary=rotary), yardstick)
    factor = 4 if interpreted and dtype == torch.bfloat16 else 2
    assert all(mine <= factor * theirs for mine, theirs in zip(ours, eager, strict=True)), (ours, eager)


@pytest.mark.parametrize("combine", ["finest", pytest.param("mean", marks=pytest.mark.long)])
@pytest.mark.usefixtures("poisoned")
def test_reruns_of_all_options_have_the_same_bits(combine, device, interpreted):
    tokens, times = (70, 1) if interpreted else (4001, 100)
    inputs = [x.to(device) for x in tensors(2, heads=2, groups=1, tokens=tokens, dim=64, dtype=torch.float32)]
    config = LighthouseConfig(k=64, tile_k=16, rope="after", combine=combine)
    rotary = Rotary(1e4 ** -(torch.arange(0, 64, 2, device=device) / 64))
    first = run(inputs, config, "triton", rotary=rotary)
    for _ in range(times):
        again = run(inputs, config, "triton", rotary=rotary)
        assert all(torch.equal(x, y) for x, y in zip(again, first, strict=True))


@pytest.mark.parametrize(("dtype", "dim"), [(torch.float16, 128), (torch.bfloat16, 64), (torch.bfloat16, 256)])
@pytest.mark.usefixtures("poisoned")
def test_low_precision_against_float64(dtype, dim, device, interpreted):
    tokens = 70 if interpreted else 5003
    config = LighthouseConfig(k=8, tile_k=4) if interpreted else LighthouseConfig(k=512, tile_k=64)
    inputs = [x.to(device) for x in tensors(5, heads=2, groups=1, tokens=tokens, dim=dim, dtype=dtype)]
    yardstick = run(inputs, config, "reference", torch.float64)
    eager = errors(run(inputs, config, "reference"), yardstick)
    ours = errors(run(inputs, config, "triton"), yardstick)
    # the interpreter truncates to bfloat16 where a GPU rounds: twice the rounding
    factor = 4 if interpreted and dtype == torch.bfloat16 else 2
    assert all(mine <= factor * theirs for mine, theirs in zip(ours, eager, strict=True)), (ours, eager)


def test_float64(device):
    inputs = [x.to(device) for x in tensors(3, heads=2, tokens=77)]
    for ours, reference in zip(
        run(inputs, CONFIGS["p = 4"], "triton"), run(inputs, CONFIGS["p = 4"], "reference"), strict=True
    ):
        torch.testing.assert_close(ours, reference, rtol=1e-12, atol=1e-12)


def test_constant_scores(device):
    ones = torch.ones(1, 2, 90, 16, device=device)
    config = CONFIGS["p = 4"]
    assert torch.equal(
        select_entries(ones, ones, ones, config, impl="triton"),
        select_entries(ones, ones, ones, config, impl="reference"),
    )
    torch.testing.assert_close(
        lighthouse_attention(ones, ones, ones, config, impl="triton"),
        lighthouse_attention(ones, ones, ones, config, impl="reference"),
    )


@pytest.mark.parametrize(
    "scorer", ["qk", "gla", "gla:dilation=1,log_gate=-2", "pooled-qk", "pooled-qk:max_windows=3", "random", "recency"]
)
def test_other_scorers(scorer, device):
    config = dataclasses.replace(CONFIGS["p = 4"], scorer=scorer)
    inputs = [x.to(device) for x in tensors(2, heads=2, groups=1, tokens=70, dtype=torch.float32)]
    assert torch.equal(
        select_entries(*inputs, config, impl="triton"), select_entries(*inputs, config, impl="reference")
    )
    for ours, reference in zip(run(inputs, config, "triton"), run(inputs, config, "reference"), strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-5)


def test_scale(device):
    inputs = [x.to(device) for x in tensors(2, heads=1, tokens=70, dtype=torch.float32)]
    config = CONFIGS["p = 4"]
    half, whole = (lighthouse_attention(*inputs, config, scale=scale, impl="triton") for scale in (0.1, 0.2))
    torch.testing.assert_close(half, lighthouse_attention(*inputs, config, scale=0.1, impl="reference"))
    assert not torch.allclose(half, whole)


def test_strides(device):
    """Queries as models have them, [B, N, H, D] in memory, and components apart."""
    inputs = [x.to(device) for x in tensors(2, heads=2, groups=1, tokens=70, dtype=torch.float32)]
    config = CONFIGS["p = 4"]
    expected = run(inputs, config, "triton")
    tokens_first = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in inputs]
    apart = [x.transpose(2, 3).contiguous().transpose(2, 3) for x in inputs]
    for other in (tokens_first, apart):
        for mine, theirs in zip(run(other, config, "triton"), expected, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)
    out = lighthouse_attention(*tokens_first, config, impl="triton")
    assert out.transpose(1, 2).is_contiguous()


@pytest.mark.parametrize("scorer", ["norm", "random", "qk"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_placed(scorer, bad, device, monkeypatch):
    config = dataclasses.replace(CONFIGS["p = 4"], scorer=scorer)
    q, k, v = (x.to(device) for x in tensors(2, batch=2, heads=2, tokens=70, dtype=torch.float32))
    if scorer == "random":  # what it returns does not depend on q: spoil the scores themselves
        scorer_class = type(config.token_scorer)
        call = scorer_class.__call__

        def spoiled(self, *args, **options):
            scores = call(self, *args, **options)
            scores.query[1, 1, 37] = bad
            return scores

        monkeypatch.setattr(scorer_class, "__call__", spoiled)
    else:
        q[1, 1, 37, 3] = bad
    with pytest.raises(InputError, match=r"query scores must be finite, got \S+ at batch 1, head 1, position 37"):
        select_entries(q, k, v, config, impl="triton")


@pytest.mark.parametrize("scorer", ["norm", "recency"])
def test_a_value_that_is_not_finite_is_placed(scorer, device):
    config = dataclasses.replace(CONFIGS["p = 4"], scorer=scorer)
    q, k, v = (x.to(device) for x in tensors(2, batch=2, heads=2, groups=1, tokens=70, dtype=torch.float32))
    v[1, 0, 69, 3] = math.nan
    with pytest.raises(InputError, match=r"^v must be finite, got nan at batch 1, head 0, position 69;"):
        lighthouse_attention(q, k, v, config, impl="triton")


@pytest.mark.usefixtures("poisoned")
def test_reruns_have_the_same_bits(device, interpreted):
    tokens, times = (70, 2) if interpreted else (4001, 100)
    inputs = [x.to(device) for x in tensors(2, heads=2, groups=1, tokens=tokens, dim=64, dtype=torch.float32)]
    config = LighthouseConfig(k=64, tile_k=16)
    first = run(inputs, config, "triton")
    for _ in range(times):
        assert all(torch.equal(x, y) for x, y in zip(run(inputs, config, "triton"), first, strict=True))


def test_what_cannot_run_is_refused(device):
    wide = torch.ones(1, 1, 20, 512, device=device)
    with pytest.raises(InputError, match=r"^impl='triton' cannot run: head dim must be at most 256, got 512"):
        lighthouse_attention(wide, wide, wide, CONFIGS["p = 4"], impl="triton")
    ones = torch.ones(1, 1, 20, 8, device=device)
    with pytest.raises(InputError, match="pooling_factor must be at most 64, got 128"):
        lighthouse_attention(ones, ones, ones, LighthouseConfig(pooling_factor=128, num_levels=2), impl="triton")
    with pytest.raises(InputError, match="candidates of a tile must be at most 2097151, got 4194304"):
        lighthouse_attention(ones, ones, ones, LighthouseConfig(k=2**20, selection="global"), impl="triton")
