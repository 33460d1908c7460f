"""Query-key scores against the paper's view of the sequence, written as loops."""

import numpy as np
import pytest
import torch
from allocations import Allocations
from strategies import tensors

from lh_eval import InputError, LighthouseConfig, select_entries
from lh_eval.scorers.base import SCORERS


def _dilated_attention(q, k, v, dilation, scale):
    """‖out‖₂ [N, H] of q, k, v [N, H, D], viewed as [N/dilation, dilation·H, D]; the length is padded with zeros."""
    tokens, heads, dim = q.shape
    pad = [(0, -tokens % dilation), (0, 0), (0, 0)]
    q, k, v = (np.pad(x, pad).reshape(-1, dilation * heads, dim) for x in (q, k, v))
    norms = np.zeros(q.shape[:2])
    for t in range(q.shape[0]):
        for column in range(dilation * heads):
            logits = k[: t + 1, column] @ q[t, column] * scale
            weights = np.exp(logits - logits.max())
            norms[t, column] = np.linalg.norm(weights @ v[: t + 1, column] / weights.sum())
    return norms.reshape(-1, heads)[:tokens]


@pytest.mark.parametrize("tokens", [1, 3, 4, 17, 40])
@pytest.mark.parametrize("dilation", [1, 3, 4])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_view_of_the_paper(tokens, dilation, groups):
    q, k, v = tensors(0, batch=2, heads=4, groups=groups, tokens=tokens)
    scores = SCORERS.build(f"qk:dilation={dilation}")(q, k, v, scale=0.3)
    for b in range(2):
        wide = [x[b].repeat_interleave(4 // x.shape[1], dim=0).transpose(0, 1).numpy() for x in (q, k, v)]
        query = _dilated_attention(*wide, dilation, 0.3)
        key = _dilated_attention(wide[1], wide[0], wide[2], dilation, 0.3)
        torch.testing.assert_close(scores.query[b].T, torch.from_numpy(query).float())
        torch.testing.assert_close(scores.key[b].T, torch.from_numpy(key).float())


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-6), (torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_scores_are_float32_in_every_precision(dtype, rtol):
    q, k, v = tensors(4, batch=2, heads=4, groups=2, tokens=203, dtype=dtype)  # 203 is odd, and 3 more than 4 divides
    scores = SCORERS.build("qk")(q, k, v, scale=0.3)
    exact = SCORERS.build("qk")(q.double(), k.double(), v.double(), scale=0.3)
    for actual, expected in zip(scores, exact, strict=True):
        assert actual.dtype == torch.float32
        torch.testing.assert_close(actual, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("groups", [1, 2])
def test_grouped_heads_equal_repeated_heads(groups):
    q, k, v = tensors(5, batch=2, heads=4, groups=groups, tokens=57)
    wide = [x.repeat_interleave(4 // groups, dim=1) for x in (k, v)]
    grouped, repeated = (SCORERS.build("qk")(q, *kv, scale=0.3) for kv in ((k, v), wide))
    assert torch.equal(grouped.query, repeated.query)
    assert torch.equal(grouped.key, repeated.key)


def test_layout_in_memory_does_not_matter():
    q, k, v = tensors(6, batch=2, heads=4, groups=2, tokens=57)
    expected = SCORERS.build("qk")(q, k, v, scale=0.3)
    for dims in ((1, 2), (2, 3), (0, 1)):  # heads innermost, as projections leave them; dim strided; batch innermost
        strided = [x.transpose(*dims).contiguous().transpose(*dims) for x in (q, k, v)]
        actual = SCORERS.build("qk")(*strided, scale=0.3)
        torch.testing.assert_close(actual.query, expected.query)
        torch.testing.assert_close(actual.key, expected.key)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("tokens", [256, 259])
def test_queries_keys_and_values_are_not_copied(groups, tokens):
    q, k, v = tensors(7, heads=4, groups=groups, tokens=tokens, dim=64)
    q, k, v = (x.transpose(1, 2).contiguous().transpose(1, 2) for x in (q, k, v))
    with Allocations() as made:
        SCORERS.build("qk:dilation=4")(q, k, v, scale=0.3)
    assert made.largest == groups * -(-tokens // 4) * q.shape[3]  # one remainder's output, of one head a group


def test_default_dilation_is_four():
    q, k, v = tensors(1, tokens=30)
    default, four = (SCORERS.build(spec)(q, k, v, scale=1.0) for spec in ("qk", "qk:dilation=4"))
    assert torch.equal(default.query, four.query)


def test_later_tokens_do_not_change_a_score():
    q, k, v = tensors(2, tokens=30)
    before = SCORERS.build("qk")(q, k, v, scale=1.0)
    for x in (q, k, v):
        x[:, :, 20:] += 10
    after = SCORERS.build("qk")(q, k, v, scale=1.0)
    assert torch.equal(before.query[..., :20], after.query[..., :20])
    assert torch.equal(before.key[..., :20], after.key[..., :20])


def test_attention_scale_decides_selection():
    q, k, v = tensors(3, tokens=400)
    config = LighthouseConfig(k=8, tile_k=4, scorer="qk")
    assert not torch.equal(select_entries(q, k, v, config), select_entries(q, k, v, config, scale=3.0))


def test_bad_dilation():
    with pytest.raises(InputError, match="dilation of scorer 'qk' must be at least 1, got 0"):
        SCORERS.build("qk:dilation=0")
