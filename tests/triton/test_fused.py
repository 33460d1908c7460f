"""The Triton backend scores by its own kernels only what is exactly the scorer that they are made for."""

import dataclasses
import math

import pytest
import torch
from strategies import tensors

from lh_eval import InputError, LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.attention import fused
from lh_eval.scorers.base import SCORERS, Scores
from lh_eval.scorers.forced import Forced, token_mask
from lh_eval.scorers.gla import GatedLinear
from lh_eval.scorers.norm import Norm
from lh_eval.scorers.pooled_qk import PooledQueryKey, window_means


def _reversed(parent):
    """A subclass that ranks the other way round."""

    @dataclasses.dataclass(frozen=True)
    class Reversed(parent):
        def __call__(self, q, k, v, *, scale):
            return Scores(*(-x for x in super().__call__(q, k, v, scale=scale)))

    return Reversed


@pytest.fixture
def config_of(monkeypatch):
    """A config whose scorer is of a class that is registered for one test."""

    def config(scorer):
        SCORERS.names()
        monkeypatch.setitem(SCORERS._classes, "mine", scorer)
        return LighthouseConfig(k=8, tile_k=4, scorer="mine")

    return config


@pytest.fixture
def inputs(device):
    return [x.to(device) for x in tensors(2, batch=2, heads=2, groups=1, tokens=70, dtype=torch.float32)]


@pytest.mark.parametrize("parent", [Norm, PooledQueryKey, GatedLinear])
def test_a_subclass_with_other_scores_is_honoured(parent, config_of, inputs):
    kept = {}
    for scorer in (parent, _reversed(parent)):
        kept[scorer] = select_entries(*inputs, config_of(scorer), impl="triton")
        assert torch.equal(kept[scorer], select_entries(*inputs, config_of(scorer), impl="reference"))
    own, other = kept.values()
    assert not torch.equal(own, other)


@pytest.mark.parametrize("function", [select_entries, lighthouse_attention])
def test_what_a_subclass_scores_is_placed_where_it_is_not_finite(function, config_of, inputs):
    class Spoiled(Norm):
        def __call__(self, q, k, v, *, scale):
            scores = super().__call__(q, k, v, scale=scale)
            scores.key[1, 0, 37] = math.nan
            return scores

    with pytest.raises(InputError, match="key scores must be finite, got nan at batch 1, head 0, position 37"):
        function(*inputs, config_of(Spoiled), impl="triton")


def test_the_scorer_itself_is_not_asked_where_a_kernel_scores(inputs, monkeypatch):
    def refuse(self, q, k, v, *, scale):
        raise AssertionError("asked")

    for scorer in (Norm, PooledQueryKey, GatedLinear):
        monkeypatch.setattr(scorer, "__call__", refuse)
    for scorer in ("norm", "pooled-qk", "gla"):
        select_entries(*inputs, LighthouseConfig(k=8, tile_k=4, scorer=scorer), impl="triton")


@pytest.mark.parametrize("options", ["", ":window=5,own=0.3", ":window=5,max_windows=4"])
def test_fused_scores_have_the_scorers_bits(options, inputs):
    scorer = SCORERS.build(f"pooled-qk{options}")
    ours, theirs = (form(*inputs, scale=0.3) for form in (fused.fused_scorer(scorer), scorer))
    assert torch.equal(ours.query, theirs.query)
    assert torch.equal(ours.key, theirs.key)


@pytest.mark.parametrize("scorer", [Norm(), PooledQueryKey(), GatedLinear()])
def test_forced_tokens_are_gathered_and_others_not(scorer, inputs, device):
    put_in = token_mask([[(9, 15)], [(40, 44)]], 70, device=device)
    put_out = token_mask([[(66, 70)], [(1, 6)]], 70, window=4, device=device)
    config = LighthouseConfig(k=8, tile_k=4).scored_by(Forced(scorer, put_in, put_out))
    kept = select_entries(*inputs, config, impl="triton")
    assert torch.equal(kept, select_entries(*inputs, config, impl="reference"))
    tokens = torch.zeros(2, 2, 140, dtype=torch.bool, device=device).scatter(2, kept, True)[..., :70]
    assert tokens[put_in[:, None].expand(-1, 2, -1)].all()
    assert not tokens[put_out[:, None].expand(-1, 2, -1)].any()


@pytest.mark.parametrize("tokens", [15, 64, 70, pytest.param(203, marks=pytest.mark.long)])
def test_means_of_the_pyramid_serve_the_scorer(tokens, device, monkeypatch):
    """At a window that pooling stores, bfloat16 means are taken from it, and the scores have the same bits."""
    inputs = [x.to(device) for x in tensors(3, batch=2, heads=2, groups=1, tokens=tokens, dim=24, dtype=torch.bfloat16)]
    config = LighthouseConfig(k=8, tile_k=4, scorer="pooled-qk")
    expected = select_entries(*inputs, config, impl="reference")
    asked = []
    monkeypatch.setattr(fused, "window_means", lambda x, window: asked.append(x.shape[2]) or window_means(x, window))
    assert torch.equal(select_entries(*inputs, config, impl="triton"), expected)
    assert sorted(asked) == ([tokens % 16] * 2 if tokens % 16 else [])  # the window that is not whole
    asked.clear()
    select_entries(*inputs, dataclasses.replace(config, scorer="pooled-qk:window=8"), impl="triton")
    assert asked == [tokens, tokens]
