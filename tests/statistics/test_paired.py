import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lh_eval import InputError
from lh_eval.statistics import holm, mcnemar_exact, paired_difference, wilson


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_sign_test(gained, lost):
    n = gained + lost
    tail = sum(math.comb(n, i) for i in range(min(gained, lost) + 1)) / 2**n
    assert mcnemar_exact(gained, lost) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar_exact(gained, lost) == mcnemar_exact(lost, gained)


def test_a_negative_count_is_refused():
    with pytest.raises(InputError, match="gained and lost must be counts"):
        mcnemar_exact(-1, 2)


def test_mcnemar_by_hand():
    # 8 discordant pairs, all one way: 2 / 2^8; 1 and 5: 2 (1 + 6) / 2^6
    assert mcnemar_exact(8, 0) == pytest.approx(2 / 256)
    assert mcnemar_exact(1, 5) == pytest.approx(14 / 64)


def test_published_intervals():
    # airway hyper-responsiveness before and after (Bentur et al. 2009), in Fagerland et al. 2014, BMC Medical Research
    # Methodology: 1, 1, 7, 12
    assert paired_difference(1, 1, 7, 12) == pytest.approx((-0.507, -0.026), abs=5e-4)


@given(st.tuples(*[st.integers(0, 30)] * 4).filter(any))
def test_the_paired_interval_holds_the_difference_and_turns_with_the_sides(counts):
    both, gained, lost, neither = counts
    interval = paired_difference(both, gained, lost, neither)
    difference = (gained - lost) / sum(counts)
    assert -1 <= interval.low <= difference + 1e-12
    assert difference - 1e-12 <= interval.high <= 1
    assert interval.low < interval.high
    turned = paired_difference(both, lost, gained, neither)
    assert (-turned.high, -turned.low) == pytest.approx(interval)


def test_without_correlation_it_is_the_square_and_add_of_two_wilsons():
    # 6 and 3 of 9, with as many agreements as independence gives (n / 2 is below what the correction takes)
    first, second = wilson(6, 9), wilson(3, 9)
    interval = paired_difference(2, 4, 1, 2)
    assert interval.low == pytest.approx(1 / 3 - math.hypot(6 / 9 - first.low, second.high - 3 / 9))


def test_no_pair_has_no_interval():
    with pytest.raises(InputError, match="n must be above 0"):
        paired_difference(0, 0, 0, 0)
    with pytest.raises(InputError, match="pairs must be counts"):
        paired_difference(1, -1, 0, 3)


def test_holm_by_hand_and_nan_is_no_test():
    # sorted: .01 x 3, .03 x 2, max(.04, .06)
    adjusted = holm([0.01, 0.04, math.nan, 0.03])
    assert adjusted[:2] == pytest.approx([0.03, 0.06])
    assert math.isnan(adjusted[2])
    assert adjusted[3] == pytest.approx(0.06)
    assert holm([]) == []


def test_holm_is_statsmodels_to_the_bit():
    from statsmodels.stats.multitest import multipletests

    values = [0.5, 0.001, 0.02, 0.02, 1.0, 0.0, 0.3, 0.011]
    assert holm(values) == multipletests(values, method="holm")[1].tolist()


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_never_lowers_and_keeps_the_order(values):
    adjusted = holm(values)
    assert all(p <= q <= 1 for p, q in zip(values, adjusted, strict=True))
    pairs = sorted(zip(values, adjusted, strict=True))
    assert [q for _, q in pairs] == sorted(q for _, q in pairs)


def test_little_agreement_and_none_that_can_be_told_leave_the_square_and_add():
    for both, gained, lost, neither in ((1, 0, 1, 1), (10, 0, 0, 0), (0, 10, 0, 0)):
        n = both + gained + lost + neither
        one, other = (both + gained) / n, (both + lost) / n
        first, second = wilson(both + gained, n), wilson(both + lost, n)
        interval = paired_difference(both, gained, lost, neither)
        assert interval.low == pytest.approx(one - other - math.hypot(one - first.low, second.high - other))
        assert interval.high == pytest.approx(one - other + math.hypot(first.high - one, other - second.low))


def test_each_count_is_checked():
    for place in range(4):
        with pytest.raises(InputError, match="pairs must be counts"):
            paired_difference(*[-1 if i == place else 3 for i in range(4)])
