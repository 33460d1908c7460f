"""Selected entries are the reference's to the index: ties, odd lengths, long tiles, grouped heads."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import configs, tensors

from lh_eval import LighthouseConfig, select_entries
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.reference.gather import invert
from lh_eval.kernels.reference.select import select as reference
from lh_eval.kernels.triton import select as module

SHAPES = [
    {"levels": 2, "factor": 4, "tiles": 3, "tile_k": 4},
    {"levels": 3, "factor": 2, "tiles": 2, "tile_k": 6},
    {"levels": 3, "factor": 4, "tiles": 3, "tile_k": 2},
    {"levels": 4, "factor": 2, "tiles": 1, "tile_k": 4},
    {"levels": 6, "factor": 2, "tiles": 2, "tile_k": 2},
    {"levels": 2, "factor": 16, "tiles": 2, "tile_k": 2},
    {"levels": 3, "factor": 8, "tiles": 1, "tile_k": 2},
]


def _both(query, key, layout, device, *, forced=0):
    query, key = (max_pyramid(x, layout) for x in (query, key))
    heads = query.shape[1] // key.shape[1]
    expected = reference(query, key.repeat_interleave(heads, dim=1), layout, forced=forced)
    scores = (x[..., layout.padded :].contiguous().to(device) for x in (query, key))
    indices, inverse = module.select(*scores, layout, forced=forced)
    return expected, indices.cpu().long(), inverse.cpu().long()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tokens", [1, 101])
@pytest.mark.usefixtures("poisoned")
def test_indices_and_inverse(shape, tokens, device):
    layout = Layout(tokens, **shape)
    generator = torch.Generator().manual_seed(tokens)
    query = torch.randn(2, 2, tokens, generator=generator)
    key = torch.randn(2, 1, tokens, generator=generator)
    expected, indices, inverse = _both(query, key, layout, device)
    assert torch.equal(indices, expected)
    assert torch.equal(inverse, invert(expected, layout.entries))


@pytest.mark.parametrize("values", [1, 2, 3])
def test_ties(values, device):
    layout = Layout(150, **SHAPES[2])
    generator = torch.Generator().manual_seed(values)
    query, key = (torch.randint(-1, values - 1, (1, 3, 150), generator=generator).float() for _ in range(2))
    query[query == 0] *= -1.0  # -0.0 ties with 0.0
    query[0, 0, ::2].abs_()
    expected, indices, _ = _both(query, key, layout, device)
    assert torch.equal(indices, expected)


def test_tiles_longer_than_a_block(device, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 32)
    layout = Layout(1000, levels=3, factor=2, tiles=2, tile_k=40)  # 125 coarsest entries a tile
    query, key = torch.randint(0, 20, (2, 1, 2, 1000), generator=torch.Generator().manual_seed(0)).float()
    expected, indices, _ = _both(query, key, layout, device)
    assert torch.equal(indices, expected)


def test_forced_tokens(device):
    layout = Layout(150, levels=3, factor=4, tiles=2, tile_k=4)
    query, key = torch.arange(150.0).expand(2, 1, 1, -1)  # the start scores lowest
    expected, indices, _ = _both(query, key, layout, device, forced=15)
    assert torch.equal(indices, expected)
    assert set(range(15)) <= set(indices.flatten().tolist())


@settings(max_examples=6)
@given(
    config=configs(max_levels=4),
    tokens=st.integers(1, 120),
    seed=st.integers(0, 2**32),
    integers=st.booleans(),
    dtype=st.sampled_from((torch.float32, torch.bfloat16)),
)
def test_norm_scores_select_the_same(config, tokens, seed, integers, dtype):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    q, k, v = (x.to(device) for x in tensors(seed, heads=2, groups=1, tokens=tokens, integers=integers, dtype=dtype))
    expected = select_entries(q, k, v, config, impl="reference")
    assert torch.equal(select_entries(q, k, v, config, impl="triton"), expected)


def test_default_config_on_many_tokens(device, interpreted):
    tokens = 2049 if interpreted else 70_001
    q, k, v = (x.to(device) for x in tensors(1, heads=2, groups=1, tokens=tokens, dim=16, dtype=torch.float32))
    config = LighthouseConfig(k=256)
    expected = select_entries(q, k, v, config, impl="reference")
    assert torch.equal(select_entries(q, k, v, config, impl="triton"), expected)
