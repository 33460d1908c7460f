"""What is forced in is gathered, what is forced out is not; that rows and backends agree, tests/triton has."""

import pytest
import torch
from strategies import tensors

from lh_eval import LighthouseConfig, select_entries
from lh_eval.scorers.base import SCORERS
from lh_eval.scorers.forced import Forced, token_mask
from lh_eval.scorers.norm import Norm

TOKENS = 600
CONFIG = LighthouseConfig(k=16, tile_k=8)


def tokens_of(kept):
    """[B, H, N] whether each token is gathered."""
    mask = torch.zeros(*kept.shape[:2], TOKENS + 1, dtype=torch.bool)
    return mask.scatter(2, torch.where(kept < TOKENS, kept, TOKENS), True)[..., :TOKENS]


def select(inputs, put_in=(), put_out=(), scorer="norm", config=CONFIG):
    nothing = [[]] * len(inputs[0])
    forced = Forced(
        SCORERS.build(scorer),
        token_mask(put_in or nothing, TOKENS),
        token_mask(put_out or nothing, TOKENS, window=config.pooling_factor),
    )
    return tokens_of(select_entries(*inputs, config.scored_by(forced)))


@pytest.fixture
def inputs():
    return tensors(3, batch=2, heads=4, groups=2, tokens=TOKENS, dtype=torch.float32)


@pytest.mark.parametrize("scorer", ["norm", "qk", "pooled-qk", "random", "recency"])
def test_spans_are_gathered_or_not_each_rows_own(inputs, scorer):
    put_in, put_out = [[(37, 50)], [(401, 409), (590, 600)]], [[(300, 333)], [(5, 19)]]
    held = select(inputs, put_in, put_out, scorer)
    for row in range(2):
        for start, stop in put_in[row]:
            assert held[row, :, start:stop].all()
        for start, stop in put_out[row]:
            assert not held[row, :, start:stop].any()
    natural = tokens_of(select_entries(*inputs, LighthouseConfig(k=16, tile_k=8, scorer=scorer)))
    assert torch.equal(select(inputs, scorer=scorer), natural)


def test_in_a_window_of_both_the_token_that_is_put_in_is_gathered(inputs):
    held = select(inputs, [[(100, 102)]] * 2, [[(102, 120)]] * 2)
    assert held[:, :, 100:104].all()
    assert not held[:, :, 104:120].any()


def test_of_more_than_a_tile_keeps_the_earliest_are_gathered(inputs):
    held = select(inputs, [[(0, 300)]] * 2)  # the first tile: 38 windows of 8 that can be kept
    assert held[:, :, :32].all()
    assert not held[:, :, 32:300].any()


def test_where_everything_is_gathered_nothing_can_be_put_out(inputs):
    all_of_it = LighthouseConfig(k=256)
    assert select(inputs, put_out=[[(100, 120)]] * 2, config=all_of_it).all()


def test_scores_are_finite(inputs):
    q, k, v = inputs
    scores = Forced(Norm(), token_mask([[(1, 2)]] * 2, TOKENS), token_mask([[(3, 4)]] * 2, TOKENS))(q, k, v, scale=1.0)
    for each in scores:
        assert each.isfinite().all()
        assert (each[..., 1] > each[..., 4:].amax(-1)).all()
        assert (each[..., 3] < each[..., 4:].amin(-1)).all()


def test_a_mask_is_made_longer_to_whole_windows():
    mask = token_mask([[(5, 6), (9, 13)], []], 14, window=4)
    assert mask[0].nonzero().flatten().tolist() == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert not mask[1].any()
