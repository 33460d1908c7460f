"""Pooled query-key scores against their formula, written as loops over windows and tokens."""

import numpy as np
import pytest
import torch
from allocations import Allocations
from strategies import tensors

from lh_eval import InputError, LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.scorers import pooled_qk
from lh_eval.scorers.base import SCORERS
from lh_eval.scorers.pooled_qk import window_means


def _expected_scores(q, k, window, own, scale):
    """Scores as query and as key [N] of q and k [N, D]."""
    spans = [slice(start, start + window) for start in range(0, len(q), window)]
    q_means, k_means = (np.array([x[span].mean(0) for span in spans]) for x in (q, k))
    query, key = np.empty(len(q)), np.empty(len(q))
    for i, span in enumerate(spans):
        expected_k = _softmax(scale * k_means[: i + 1] @ q_means[i]) @ k_means[: i + 1]
        expected_q = _softmax(scale * q_means[i:] @ k_means[i]) @ q_means[i:]
        strength = np.linalg.norm(q_means[i]) * np.linalg.norm(expected_k)
        query[span] = strength * (1 + own * _bounded(scale * q[span] @ expected_k))
        key[span] = np.linalg.norm(expected_q) * (1 + own * _bounded(scale * k[span] @ expected_q))
    return query, key


def _softmax(x):
    weights = np.exp(x - x.max())
    return weights / weights.sum()


def _bounded(x):
    return x / (1 + np.abs(x))


@pytest.mark.parametrize("tokens", [1, 3, 15, 16, 17, 50, 96])
@pytest.mark.parametrize(("window", "own"), [(16, 0.05), (1, 0.0), (5, 0.5)])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_formula(tokens, window, own, groups):
    q, k, v = tensors(0, batch=2, heads=4, groups=groups, tokens=tokens)
    scores = SCORERS.build(f"pooled-qk:window={window},own={own}")(q, k, v, scale=0.3)
    for b in range(2):
        for h in range(4):
            query, key = _expected_scores(q[b, h].numpy(), k[b, h // (4 // groups)].numpy(), window, own, 0.3)
            torch.testing.assert_close(scores.query[b, h], torch.from_numpy(query).float())
            torch.testing.assert_close(scores.key[b, h], torch.from_numpy(key).float())


def test_defaults():
    q, k, v = tensors(1, tokens=100)
    default, spelled = (SCORERS.build(s)(q, k, v, scale=1.0) for s in ("pooled-qk", "pooled-qk:window=16,own=0.05"))
    assert torch.equal(default.query, spelled.query)
    assert LighthouseConfig().window == 16


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 1e-6), (torch.float32, 1e-5), (torch.float16, 5e-3), (torch.bfloat16, 3e-2)],
)
def test_scores_are_float32_in_every_precision(dtype, tolerance):
    q, k, v = tensors(2, batch=2, heads=4, groups=2, tokens=203, dtype=dtype)
    exact = SCORERS.build("pooled-qk")(q.double(), k.double(), v.double(), scale=0.3)
    for actual, expected in zip(SCORERS.build("pooled-qk")(q, k, v, scale=0.3), exact, strict=True):
        assert actual.dtype == torch.float32
        torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("value", [6e4, 0.0])
def test_extreme_components_stay_finite(value):
    q = torch.full((1, 1, 20, 8), value, dtype=torch.float16)  # a sum of two is beyond float16
    scores = SCORERS.build("pooled-qk")(q, q, q, scale=1.0)
    assert scores.query.isfinite().all()
    assert scores.key.isfinite().all()


@pytest.mark.parametrize("groups", [1, 2])
def test_grouped_heads_equal_repeated_heads(groups):
    q, k, v = tensors(3, batch=2, heads=4, groups=groups, tokens=57)
    wide = [x.repeat_interleave(4 // groups, dim=1) for x in (k, v)]
    grouped, repeated = (SCORERS.build("pooled-qk")(q, *kv, scale=0.3) for kv in ((k, v), wide))
    assert torch.equal(grouped.query, repeated.query)
    assert torch.equal(grouped.key, repeated.key)


def test_layout_in_memory_does_not_matter():
    q, k, v = tensors(4, batch=2, heads=4, groups=2, tokens=57)
    expected = SCORERS.build("pooled-qk")(q, k, v, scale=0.3)
    for dims in ((1, 2), (2, 3), (0, 1)):  # heads innermost, as projections leave them; dim strided; batch innermost
        strided = [x.transpose(*dims).contiguous().transpose(*dims) for x in (q, k, v)]
        actual = SCORERS.build("pooled-qk")(*strided, scale=0.3)
        torch.testing.assert_close(actual.query, expected.query)
        torch.testing.assert_close(actual.key, expected.key)


@pytest.mark.parametrize("chunk", [1, 4 * 16 * 8 * 2])
def test_chunks_do_not_change_scores(chunk, monkeypatch):
    qkv = tensors(5, heads=4, groups=2, tokens=100, dtype=torch.float32)
    whole = SCORERS.build("pooled-qk")(*qkv, scale=0.3)
    monkeypatch.setattr(pooled_qk, "_CHUNK", chunk)
    chunked = SCORERS.build("pooled-qk")(*qkv, scale=0.3)
    assert torch.equal(whole.query, chunked.query)
    assert torch.equal(whole.key, chunked.key)


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_queries_and_keys_are_not_copied(groups, dtype, monkeypatch):
    q, k, v = tensors(6, heads=4, groups=groups, tokens=1000, dim=32, dtype=dtype)
    q, k, v = (x.transpose(1, 2).contiguous().transpose(1, 2) for x in (q, k, v))
    monkeypatch.setattr(pooled_qk, "_CHUNK", 4 * 16 * 32)
    with Allocations() as made:
        SCORERS.build("pooled-qk")(q, k, v, scale=0.3)
    assert made.largest == q.shape[1] * 63 * 32  # the means: 63 windows of 16


def test_tokens_of_a_window_are_ordered_by_their_logit():
    q, k, v = tensors(7, tokens=16)
    even = SCORERS.build("pooled-qk:own=0")(q, k, v, scale=0.3)
    assert even.query.unique().numel() == even.key.unique().numel() == 1
    scores = SCORERS.build("pooled-qk")(q, k, v, scale=0.3)
    assert scores.query.unique().numel() == scores.key.unique().numel() == 16
    logits = q[0, 0] @ k[0, 0].mean(0)  # with one window the expected key is its mean
    assert torch.equal(scores.query[0, 0].argsort(), logits.argsort())


def test_queries_see_earlier_windows_and_keys_later_ones():
    q, k, v = tensors(8, tokens=64)
    before = SCORERS.build("pooled-qk")(q, k, v, scale=0.3)
    for x in (q, k):
        x[:, :, 32:48] += 1
    changed = SCORERS.build("pooled-qk")(q, k, v, scale=0.3)
    assert torch.equal(before.query[..., :32], changed.query[..., :32])
    assert (before.query[..., 48:] != changed.query[..., 48:]).all()
    assert torch.equal(before.key[..., 48:], changed.key[..., 48:])
    assert (before.key[..., :32] != changed.key[..., :32]).all()


def test_same_bits_again():
    q, k, v = tensors(9, batch=2, heads=4, groups=2, tokens=301, dtype=torch.bfloat16)
    config = LighthouseConfig(k=8, tile_k=4, scorer="pooled-qk")
    first = select_entries(q, k, v, config)
    assert torch.equal(first, select_entries(q, k, v, config))
    assert lighthouse_attention(q, k, v, config).isfinite().all()


def test_a_matched_query_and_key_are_kept():
    """One window's queries look for one earlier window's keys; no norm stands out, and yet both are kept."""
    generator = torch.Generator().manual_seed(10)
    q, k, v = torch.randn(3, 1, 1, 1024, 32, generator=generator).unbind()
    direction = torch.nn.functional.normalize(torch.randn(32, generator=generator), dim=0)
    for x, window in ((k, slice(320, 336)), (q, slice(800, 816))):
        x[0, 0, window] = 0.2 * x[0, 0, window] + 5.4 * direction
        x[0, 0, window] *= x.norm(dim=-1).mean() / x[0, 0, window].norm(dim=-1, keepdim=True)
    config = {"k": 16, "tile_k": 16, "pooling_factor": 4}
    held = {}
    for scorer in ("norm", "pooled-qk"):
        kept = select_entries(q, k, v, LighthouseConfig(scorer=scorer, **config))
        held[scorer] = [torch.isin(torch.arange(*span), kept).all().item() for span in ((320, 336), (800, 816))]
    assert held == {"norm": [False, False], "pooled-qk": [True, True]}


@pytest.mark.parametrize(("tokens", "window"), [(64, 5), (20, 5), (21, 10), (80, 20), (81, 40)])
def test_no_more_than_so_many_windows(tokens, window):
    q, k, v = tensors(11, tokens=tokens)
    limited = SCORERS.build("pooled-qk:window=5,max_windows=" + ("4" if tokens != 64 else "13"))(q, k, v, scale=0.3)
    for actual, expected in zip(limited, SCORERS.build(f"pooled-qk:window={window}")(q, k, v, scale=0.3), strict=True):
        assert torch.equal(actual, expected)


def test_means_of_windows():
    x = torch.arange(10.0).view(1, 1, 5, 2)
    assert window_means(x, 2).tolist() == [[[[1.0, 2.0], [5.0, 6.0], [8.0, 9.0]]]]
    assert torch.equal(window_means(x, 1), x)
    assert window_means(x, 7).tolist() == [[[[4.0, 5.0]]]]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("window=0", "window of scorer 'pooled-qk' must be at least 1, got 0"),
        ("max_windows=-1", "max_windows of scorer 'pooled-qk' must be at least 0, got -1"),
        ("own=1", r"own of scorer 'pooled-qk' must be from 0 to below 1, got 1\.0"),
        ("own=-0.1", r"own of scorer 'pooled-qk' must be from 0 to below 1, got -0\.1"),
        ("own=nan", "own of scorer 'pooled-qk' must be from 0 to below 1, got nan"),
    ],
)
def test_bad_options(option, message):
    with pytest.raises(InputError, match=message):
        SCORERS.build(f"pooled-qk:{option}")
