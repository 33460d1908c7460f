"""How many trials a cell has: as many again while its interval is wide."""

import pytest

from lh_eval.statistics import wilson
from lh_eval.statistics.trials import trials_due


def scores(*values):
    return dict(enumerate(values))


@pytest.mark.parametrize(
    ("done", "due"),
    [
        (scores(1, 1), 4),  # one trial is missing
        (scores(1, 0, 1, 0), 8),
        (scores(*[1, 0] * 4), 16),
        (scores(*[1, 0] * 8), 20),  # the most
        (scores(*[1, 0] * 10), 20),
        (scores(None, None, None, None), 4),  # nothing but failures
        (scores(1, None, 0, 1), 8),
        (scores(1, 0, 1, 0) | {9: 1}, 8),
    ],
)
def test_they_double_until_there_are_the_most(done, due):
    assert trials_due(done, 4, 20, 0.1) == due


def test_they_end_when_the_interval_is_as_narrow_as_asked():
    interval = wilson(4, 4)
    width = interval.high - interval.low
    assert trials_due(scores(1, 1, 1, 1), 4, 20, width) == 4
    assert trials_due(scores(1, 1, 1, 1), 4, 20, width - 1e-9) == 8
    assert trials_due(scores(1, 1, 1, None), 4, 20, width) == 8  # a failure counts as no trial
