import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval import InputError
from lh_eval.statistics import mean_of_rates, wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_its_quadratic(counts):
    """The ends are the p at which |rate - p| is z standard errors of p."""
    hits, n = counts
    z = 1.959963984540054
    rate = hits / n
    interval = wilson(hits, n)
    assert 0 <= interval.low <= rate <= interval.high <= 1
    for end in interval:
        assert math.isclose((rate - end) ** 2, z**2 * end * (1 - end) / n, abs_tol=1e-9)


def test_known_values():
    # Newcombe 1998, table I: 81 of 263, and 0 of 20 and 1 of 29.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_the_ends_are_exact():
    assert wilson(0, 10).low == 0.0
    assert wilson(10, 10).high == 1.0


def test_a_lower_level_is_narrower():
    assert wilson(5, 10, level=0.8).low > wilson(5, 10).low


@pytest.mark.parametrize("values", [(1, 0), (-1, 5), (6, 5)])
def test_bad_counts_are_refused(values):
    with pytest.raises(InputError, match="must be"):
        wilson(*values)


def test_a_level_in_percent_is_refused():
    with pytest.raises(InputError, match="level must be between 0 and 1, got 95"):
        wilson(1, 2, level=95)


def test_the_mean_counts_cells_alike():
    assert mean_of_rates([9, 0], [9, 1]).rate == 0.5
    assert mean_of_rates([0, 1], [0, 2]).rate == 0.5
    assert mean_of_rates([0], [0]) is None
    assert mean_of_rates([], []) is None


@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n), min_size=1, max_size=9))))
def test_equal_cells_have_the_interval_of_their_sum(cells):
    n, hits = cells
    mean = mean_of_rates(hits, [n] * len(hits))
    assert mean.rate == pytest.approx(sum(hits) / (n * len(hits)))
    assert mean.interval == pytest.approx(wilson(sum(hits), n * len(hits)))


def test_one_thin_cell_widens_the_interval():
    assert mean_of_rates([5, 1], [10, 2]).interval.low < mean_of_rates([5, 5], [10, 10]).interval.low


def test_cells_without_their_trials_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        mean_of_rates([1, 2], [3])
