"""RoPE after selection: the authors' branch, rotation by absolute positions, and what scorers see."""

import dataclasses

import golden
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import configs, tensors
from torch.autograd import gradcheck

from lh_eval import InputError, LighthouseConfig, Rotary, lighthouse_attention, select_entries
from lh_eval.kernels.reference.pool import mean_pyramid
from lh_eval.kernels.rotation import rotation, unrotated
from lh_eval.scorers.base import SCORERS

AFTER = LighthouseConfig(k=8, tile_k=4, rope="after")


def rotated(x, inv_freq, position, *, interleaved):
    """x [..., n, D] rotated at n positions, pair by pair."""
    pairs = len(inv_freq)
    out = x.clone()
    for j in range(pairs):
        a, b = (2 * j, 2 * j + 1) if interleaved else (j, j + pairs)
        angle = position * inv_freq[j]
        out[..., a] = x[..., a] * angle.cos() - x[..., b] * angle.sin()
        out[..., b] = x[..., b] * angle.cos() + x[..., a] * angle.sin()
    return out


def frequencies(pairs, seed=0):
    return torch.rand(pairs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", golden.ROPE_CASES)
def test_golden(name, dtype):
    case = golden.load(name)
    config = LighthouseConfig(k=case["k"], num_levels=case["L"], pooling_factor=case["p"], rope="after")
    rotary = Rotary(golden.inv_freq(case), interleaved=True)
    *raw, grad = golden.inputs(case, dtype)
    for x in raw:
        x.requires_grad_()
    q, k = (golden.rotated(x, case) for x in raw[:2])
    assert select_entries(q, k, raw[2], config, rotary=rotary).tolist() == case["indices"].tolist()
    out = lighthouse_attention(q, k, raw[2], config, rotary=rotary)
    torch.testing.assert_close(out.detach().float(), torch.from_numpy(case["out"]), rtol=0, atol=1e-3)
    out.backward(grad)
    for field, x in zip(("dq", "dk", "dv"), raw, strict=True):
        actual = x.grad.transpose(1, 2)
        assert (actual[:, :256] - torch.from_numpy(case[field])).abs().max() <= 1e-3 * abs(case[field]).max()
        total = torch.from_numpy(case[field + "sum"])
        assert (actual.double().sum((0, 1)) - total).abs().max() <= 1e-3 * actual.abs().max()


@given(
    config=configs(),
    tokens=st.integers(1, 200),
    pairs=st.integers(1, 4),
    interleaved=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_pooled_entries_are_raw_means_rotated_at_the_last_position(config, tokens, pairs, interleaved, seed):
    raw, _, _ = tensors(seed, heads=2, tokens=tokens)
    inv_freq, layout = frequencies(pairs, seed), config.layout(tokens)
    x = rotated(raw, inv_freq, torch.arange(tokens), interleaved=interleaved)
    plain = mean_pyramid(raw, layout)
    last = [(torch.arange(size) + 1) * (layout.padded // size) - 1 for size in layout.sizes]
    expected = rotated(plain, inv_freq, torch.cat(last), interleaved=interleaved)
    turns = rotation(inv_freq, interleaved=interleaved, dim=8, window=config.window, dtype=torch.float64)
    torch.testing.assert_close(mean_pyramid(x, layout, turns), expected, rtol=1e-9, atol=1e-9)


@given(tokens=st.integers(1, 100), pairs=st.integers(1, 4), interleaved=st.booleans(), seed=st.integers(0, 2**32))
def test_unrotated(tokens, pairs, interleaved, seed):
    raw, _, _ = tensors(seed, heads=2, tokens=tokens)
    inv_freq = frequencies(pairs, seed)
    x = rotated(raw, inv_freq, torch.arange(tokens), interleaved=interleaved)
    torch.testing.assert_close(unrotated(x, inv_freq, interleaved=interleaved), raw)


@pytest.mark.parametrize("interleaved", [False, True])
def test_level_0_and_values_are_left_alone(interleaved):
    x, _, v = tensors(0, heads=1, tokens=50)
    layout = AFTER.layout(50)
    turns = rotation(frequencies(4), interleaved=interleaved, dim=8, window=16, dtype=torch.float64)
    assert torch.equal(mean_pyramid(x, layout, turns)[:, :, :50], x)
    # keys of 0 attend to everything alike: the output has values alone
    q, k = torch.zeros(2, *x.shape, dtype=x.dtype)
    before, after = dataclasses.replace(AFTER, rope="before"), AFTER
    rotary = Rotary(frequencies(4), interleaved)
    assert torch.equal(
        lighthouse_attention(q, k, v, after, rotary=rotary), lighthouse_attention(q, k, v, before, rotary=rotary)
    )


def test_norm_selects_the_same_and_the_output_differs():
    inputs = tensors(1, heads=4, groups=2, tokens=150)
    rotary, before = Rotary(frequencies(4)), dataclasses.replace(AFTER, rope="before")
    assert torch.equal(select_entries(*inputs, AFTER, rotary=rotary), select_entries(*inputs, before))
    after = lighthouse_attention(*inputs, AFTER, rotary=rotary)
    assert not torch.allclose(after, lighthouse_attention(*inputs, before))
    assert torch.equal(lighthouse_attention(*inputs, before, rotary=rotary), lighthouse_attention(*inputs, before))


def test_shifting_all_positions_changes_no_output():
    raw = tensors(2, heads=2, tokens=77)
    inv_freq = frequencies(4)
    outs = []
    for offset in (0, 1000):
        q, k = (rotated(x, inv_freq, torch.arange(77) + offset, interleaved=False) for x in raw[:2])
        outs.append(lighthouse_attention(q, k, raw[2], AFTER, rotary=Rotary(inv_freq)))
    torch.testing.assert_close(*outs)


@pytest.mark.parametrize("scorer", ["qk", "pooled-qk"])
def test_other_scorers_see_raw_queries_and_keys(scorer):
    q, k, v = tensors(3, heads=2, tokens=150)
    inv_freq = frequencies(3)
    x, y = (rotated(z, inv_freq, torch.arange(150), interleaved=False) for z in (q, k))
    config = dataclasses.replace(AFTER, scorer=SCORERS.spec(scorer))
    found = select_entries(x, y, v, config, rotary=Rotary(inv_freq))
    assert torch.equal(found, select_entries(q, k, v, dataclasses.replace(config, rope="before")))
    assert not torch.equal(found, select_entries(x, y, v, dataclasses.replace(config, rope="before")))


@settings(max_examples=10)
@given(config=configs(max_levels=3), tokens=st.integers(1, 20), groups=st.sampled_from([1, 2]), seed=st.integers(0, 99))
def test_gradients_by_finite_differences(config, tokens, groups, seed):
    config = dataclasses.replace(config, rope="after")
    inputs = [x.requires_grad_() for x in tensors(seed, heads=2, groups=groups, tokens=tokens, dim=4)]
    rotary = Rotary(frequencies(1 + seed % 2), interleaved=seed % 3 == 0)
    assert gradcheck(lambda q, k, v: lighthouse_attention(q, k, v, config, rotary=rotary), inputs)


def test_a_table_made_for_evaluation_serves_training():
    inputs = [x.requires_grad_() for x in tensors(4, heads=2, tokens=50)]
    rotary = Rotary(frequencies(4))
    with torch.inference_mode():
        expected = lighthouse_attention(*inputs, AFTER, rotary=rotary)
    out = lighthouse_attention(*inputs, AFTER, rotary=rotary)
    out.sum().backward()
    assert torch.equal(out, expected)


@pytest.mark.parametrize("function", [lighthouse_attention, select_entries])
def test_what_is_refused(function):
    inputs = tensors(0, tokens=20)
    with pytest.raises(InputError, match="rotary must be given with rope='after', got None; pass rotary=Rotary"):
        function(*inputs, AFTER)
    with pytest.raises(InputError, match="rotary must be a Rotary, got Tensor"):
        function(*inputs, AFTER, rotary=torch.ones(2))
    with pytest.raises(InputError, match="inv_freq must have at most 4 frequencies for heads of 8, got 5"):
        function(*inputs, AFTER, rotary=Rotary(torch.ones(5)))
    for wrong in (torch.ones(2, 2), torch.ones(2).long(), [1.0], torch.ones(0)):
        with pytest.raises(InputError, match=r"inv_freq must be a tensor of floats \[R\], got"):
            Rotary(wrong)
