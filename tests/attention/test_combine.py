"""How a position's contributions over levels are put together."""

import dataclasses

import oracle
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import configs, tensors
from torch.autograd import gradcheck

from lh_eval import LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.gather import invert
from lh_eval.kernels.reference.scatter import scatter


def combined(out, indices, tokens, config, combine):
    """One head's output [N, D], from rows [S, D], by a loop over entries."""
    contributions = [{} for _ in range(tokens)]
    for row, (level, i) in zip(out, oracle.as_entries(indices, tokens, config), strict=True):
        width = config.pooling_factor**level
        for t in range(i * width + width - 1, i * width + 2 * width - 1):
            if t < tokens:
                contributions[t][level] = row
    result = torch.zeros(tokens, out.shape[1], dtype=out.dtype)
    for t, found in enumerate(contributions):
        if found:
            result[t] = found[min(found)] if combine == "finest" else sum(found.values()) / len(found)
    return result


@pytest.mark.parametrize("combine", ["finest", "mean"])
@given(config=configs(), tokens=st.integers(1, 150), seed=st.integers(0, 2**32))
def test_by_a_loop(combine, config, tokens, seed):
    layout = config.layout(tokens)
    indices = select_entries(*tensors(seed, heads=2, tokens=tokens, dim=2), config)
    rows, _, _ = tensors(seed, heads=2, tokens=indices.shape[2], dim=2)
    found = scatter(rows, indices, invert(indices, layout.entries), layout, combine)
    for head in range(2):
        expected = combined(rows[0, head], indices[0, head], tokens, config, combine)
        torch.testing.assert_close(found[0, head], expected)


@pytest.mark.parametrize("combine", ["sum", "finest", "mean"])
@settings(max_examples=5)
@given(config=configs(max_levels=3), tokens=st.integers(1, 20), groups=st.sampled_from([1, 2]), seed=st.integers(0, 99))
def test_gradients_by_finite_differences(combine, config, tokens, groups, seed):
    config = dataclasses.replace(config, combine=combine)
    inputs = [x.requires_grad_() for x in tensors(seed, heads=2, groups=groups, tokens=tokens, dim=2)]
    assert gradcheck(lambda q, k, v: lighthouse_attention(q, k, v, config), inputs)


def test_finest_of_everything_gathered_is_near_dense_attention():
    """A token whose own query is gathered has its own output: only pooled keys differ, and here they are alike."""
    q, k, v = tensors(0, heads=1, tokens=64)
    k.zero_()
    config = LighthouseConfig(k=64, tile_k=64, combine="finest")
    out = lighthouse_attention(q, k, v, config)
    assert (out.abs().amax(-1) > 0).all()  # no hole: every token is its own
    plain = dataclasses.replace(config, combine="sum")
    assert not torch.allclose(out, lighthouse_attention(q, k, v, plain))


def test_low_precision_is_averaged_in_float32():
    layout = Layout(4, levels=3, factor=2, tiles=1, tile_k=2)
    indices = torch.tensor([[[3, layout.offsets[1] + 1, layout.offsets[2]]]])
    rows = torch.tensor([256.0, 1.0, 2.0], dtype=torch.bfloat16).view(1, 1, 3, 1)
    inverse = invert(indices, layout.entries)
    assert scatter(rows, indices, inverse, layout, "mean")[0, 0, 3, 0] == torch.tensor(259 / 3).bfloat16()
    assert scatter(rows, indices, inverse, layout, "finest")[0, 0, 3, 0] == 256
