"""Sizes at which 16-bit grids and float32 positions end."""

import itertools

import numpy as np
import oracle
import torch

from lh_eval import LighthouseConfig
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.reference.gather import invert
from lh_eval.kernels.reference.scatter import scatter
from lh_eval.kernels.reference.select import select


def test_gathered_length_beyond_16_bits():
    layout = Layout(tokens=1 << 16, levels=2, factor=4, tiles=1, tile_k=1 << 16)  # nothing is rejected
    assert layout.gathered == 81_920
    scores = max_pyramid(torch.rand(1, 1, layout.tokens), layout)
    indices = select(scores, scores, layout)
    assert indices.sort().values.flatten().equal(torch.arange(layout.entries))
    out = scatter(torch.ones(1, 1, layout.gathered, 1), indices, invert(indices, layout.entries), layout)
    assert out[0, 0, :3].eq(1).all()  # before the first coarse entry's reach
    assert out[0, 0, 3:].eq(2).all()


def test_order_where_float32_keys_would_tie():
    config = LighthouseConfig(k=2, tile_k=2, num_levels=8, pooling_factor=2)
    tokens = 1 << 18  # (i + 1)·128 - 2^-7 needs 25 bits in the upper half
    scores = np.zeros(tokens, dtype=np.float32)
    scores[200_003] = 1
    layout = config.layout(tokens)
    pyramid = max_pyramid(torch.from_numpy(scores)[None, None], layout)
    entries = oracle.gathered_entries(scores, scores, config)
    assert any(np.float32(a.key) == np.float32(b.key) for a, b in itertools.pairwise(entries))
    expected = [oracle.flat_index(entry, tokens, config) for entry in entries]
    assert select(pyramid, pyramid, layout)[0, 0].tolist() == expected
