"""Query-key scores against the paper's view of the sequence, written as loops."""

import numpy as np
import pytest
import torch
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
