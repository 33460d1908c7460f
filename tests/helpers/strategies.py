"""Hypothesis strategies shared by the operator's tests."""

import torch
from hypothesis import strategies as st

from lh_eval import LighthouseConfig


@st.composite
def configs(draw, *, max_levels=4, factors=(2, 4, 8), **fixed):
    """Configs small enough that selection rejects something within two hundred tokens."""
    values = {
        "num_levels": draw(st.integers(2, max_levels)),
        "pooling_factor": draw(st.sampled_from(factors)),
        "selection": draw(st.sampled_from(("chunked", "global"))),
        "tile_k": draw(st.sampled_from((2, 4, 6, 16))),
        **fixed,
    }
    # a multiple of tile_k, or less than one tile keeps
    few = st.integers(1, values["tile_k"] // 2).map(lambda half: 2 * half)
    values["k"] = draw(st.one_of(st.integers(1, 6).map(lambda tiles: tiles * values["tile_k"]), few))
    kept = values["k"] if values["selection"] == "global" else min(values["k"], values["tile_k"])
    prefix_fits = values["pooling_factor"] ** (values["num_levels"] - 2) <= kept
    values.setdefault("cover_prefix", draw(st.booleans()) and prefix_fits)
    return LighthouseConfig(**values)


def tensors(seed, *, batch=1, heads=1, groups=None, tokens, dim=8, dtype=torch.float64, integers=False):
    """Seeded q [B, H, N, D], k and v [B, G, N, D]; integers make squared norms exact, and ties frequent."""
    generator = torch.Generator().manual_seed(seed)
    groups = groups or heads

    def one(rows):
        shape = (batch, rows, tokens, dim)
        if integers:
            return torch.randint(-1, 2, shape, generator=generator).to(dtype)
        scale = torch.randn(*shape[:3], 1, generator=generator, dtype=torch.float64).exp()
        return (torch.randn(shape, generator=generator, dtype=torch.float64) * scale).to(dtype)

    return one(heads), one(groups), one(groups)
