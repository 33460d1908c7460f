import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from lh_eval import InputError
from lh_eval.statistics import compare_trainings


def test_two_seeds_have_an_interval_and_no_p_value():
    result = compare_trainings([0.1, 0.2], [0.5, 0.4], paired=True)
    # differences 0.4 and 0.2: 0.3 +- 12.706 * 0.1
    assert result.difference == pytest.approx(0.3)
    assert result.interval == pytest.approx((0.3 - 1.27062, 0.3 + 1.27062), abs=1e-5)
    assert (result.p, result.least_p) == (None, 0.5)
    assert compare_trainings([0.1, 0.2], [0.5, 0.4], paired=False)[2:] == (None, pytest.approx(1 / 3))


def test_one_seed_has_neither():
    assert compare_trainings([0.1], [0.5], paired=True)[1:3] == (None, None)


def test_the_smallest_p_values_are_reached():
    a, b = [0.1, 0.2, 0.3, 0.15], [0.7, 0.8, 0.9, 0.6]
    for paired, least in ((True, 2 / 2**4), (False, 2 / math.comb(8, 4))):
        result = compare_trainings(a, b, paired=paired)
        assert result.p == result.least_p == pytest.approx(least)
    assert compare_trainings(a, b[:3], paired=False).least_p == pytest.approx(1 / math.comb(7, 4))


def test_welchs_interval():
    # means 2 and 6, variances 1 and 4, three each: standard error sqrt(5 / 3) at 50 / 17 degrees of freedom
    result = compare_trainings([1, 2, 3], [4, 6, 8], paired=False)
    reach = stats.t.ppf(0.975, 50 / 17) * math.sqrt(5 / 3)
    assert result.interval == pytest.approx((4 - reach, 4 + reach))


def test_groups_without_spread_have_no_interval():
    assert compare_trainings([1.0, 1.0], [1.0, 1.0], paired=False).interval is None
    assert compare_trainings([0.5, 0.7], [0.6, 0.8], paired=True).interval is None


RATES = st.integers(0, 840).map(lambda hits: hits / 840)


@pytest.mark.filterwarnings("error")
@given(st.lists(st.tuples(RATES, RATES), min_size=2, max_size=5), st.booleans())
@example([(0, 0), (0, 4 / 840), (0, 142 / 840), (4 / 840, 0), (1 / 2, 283 / 840)], False)  # alike but for rounding
def test_turned_around_it_says_the_opposite(pairs, paired):
    a, b = (list(side) for side in zip(*pairs, strict=True))
    one, other = compare_trainings(a, b, paired=paired), compare_trainings(b, a, paired=paired)
    assert one.difference == pytest.approx(-other.difference)
    assert one.p == pytest.approx(other.p) if one.p is not None else other.p is None
    if one.interval is not None and np.isfinite(one.interval).all():
        assert (-other.interval.high, -other.interval.low) == pytest.approx(one.interval)


def test_unequal_groups_are_no_pairs():
    with pytest.raises(InputError, match="as many on both sides to be paired, got 2 and 1"):
        compare_trainings([1, 2], [1], paired=True)
    with pytest.raises(InputError, match="at least one a side, got 0 and 1"):
        compare_trainings([], [1], paired=False)


def test_three_a_side_have_a_p_value_and_a_lone_one_no_interval():
    assert compare_trainings([0.1, 0.2, 0.3], [0.6, 0.8, 0.7], paired=False).p == pytest.approx(2 / math.comb(6, 3))
    assert compare_trainings([0.1], [0.5, 0.7], paired=False)[1:3] == (None, None)


def test_the_interval_is_of_the_level_asked_for():
    assert compare_trainings([0.1, 0.2], [0.5, 0.4], paired=True, level=0.5).interval == pytest.approx((0.2, 0.4))
