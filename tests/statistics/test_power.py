import math

import numpy as np
import pytest
from scipy import stats

from lh_eval import InputError
from lh_eval.statistics import compare_trainings, power, wilson


@pytest.mark.parametrize(("difference", "level", "needed"), [(0.06, 0.95, 8), (0.06, 0.9875, 12), (0.02, 0.95, 52)])
def test_pairs_of_trainings_by_their_spread(difference, level, needed):
    assert power.pairs(difference, 0.0505, level=level) == needed
    assert needed <= power.flipped_pairs(difference, 0.0505, level=level) <= needed + 1


def test_pairs_have_the_power_and_one_less_has_not():
    """Power of the paired t-test from the noncentral t distribution."""

    def by_scipy(n):
        critical = stats.t.ppf(0.975, n - 1)
        shifted = stats.nct(n - 1, math.sqrt(n) * 0.04 / 0.0505)
        return shifted.sf(critical) + shifted.cdf(-critical)

    n = power.pairs(0.04, 0.0505)
    assert by_scipy(n) >= 0.8 > by_scipy(n - 1)


@pytest.mark.parametrize(("level", "least"), [(0.95, 6), (0.9875, 8), (0.5, 2), (0.875, 4)])
def test_fewer_pairs_cannot_reach_the_level(level, least):
    assert power.least_pairs(level) == least
    found = compare_trainings(np.zeros(least), np.linspace(0.1, 0.2, least), paired=True)
    assert found.least_p <= 1 - level + 1e-12
    assert 2.0 ** (2 - least) > 1 - level


def test_the_power_of_sign_flips_is_how_often_the_test_finds_it():
    rng = np.random.default_rng(3)
    found = [
        compare_trainings(np.zeros(8), rng.normal(1.2, 1, size=8), paired=True).p <= 0.05 + 1e-12 for _ in range(300)
    ]
    assert power.flip_power(8, 1.2) == pytest.approx(np.mean(found), abs=0.08)
    assert power.flip_power(8, 0) == pytest.approx(0.05, abs=0.015)
    assert power.flip_power(30, 0) == pytest.approx(0.05, abs=0.015), "where flips are drawn"
    assert power.flip_power(5, 100) == 0


def test_a_large_difference_takes_as_many_pairs_as_sign_flips_need():
    assert [power.pairs(effect, 1) for effect in (0.999, 0.5)] == [10, 34]
    assert [power.pairs(effect / 100, 0.01) for effect in (2, 4, 5, 8, 10, 15, 20, 30, 50, 90)] == [
        5,
        *[3] * 4,
        *[2] * 5,
    ]
    assert power.flipped_pairs(0.5, 0.01) == 6


def test_the_papers_samples_know_a_rate_to_four_points():
    assert power.half_width(0.72, 420) == pytest.approx(0.043, abs=5e-4)


def test_samples_a_side():
    """Cohen 1988, section 6.4: n = 2 (z_(1-alpha/2) + z_power)^2 / h^2."""
    h = 2 * (math.asin(math.sqrt(0.76)) - math.asin(math.sqrt(0.72)))
    by_hand = 2 * (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 / h**2
    assert power.samples_a_side(0.04, 0.72) == math.ceil(by_hand) == 1886


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.72])
def test_what_is_detectable_is_the_inverse(rate):
    found = power.detectable(420, rate)
    assert power.samples_a_side(found, min(rate, 1 - rate)) in (420, 421)


def test_samples_on_both_sides_gain_by_what_they_have_in_common():
    apart = power.independent_discordance(0.04, 0.72)
    assert apart == pytest.approx(0.72 * 0.24 + 0.76 * 0.28)
    by_discordance = [power.pairs(0.04, power.discordant_spread(0.04, share)) for share in (0.05, 0.1, apart)]
    assert by_discordance == sorted(by_discordance)
    assert by_discordance[-1] == pytest.approx(power.samples_a_side(0.04, 0.72), rel=0.01)
    # n (0.1 - 0.04^2) variance: (1.96 + 0.84)^2 of it over 0.04^2, and a little for t
    assert by_discordance[1] == pytest.approx(7.85 * (0.1 - 0.0016) / 0.0016, rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power.pairs(0, 0.1), "difference must be above 0"),
        (lambda: power.pairs(0.1, 0), "spread must be above 0"),
        (lambda: power.pairs(0.1, 0.1, power=0.05), "power must be above 0.05"),
        (lambda: power.pairs(0.1, 0.1, level=1), "level must be"),
        (lambda: power.samples_a_side(0.1, 0.95), "rate must be from 0 to 1 - 0.1"),
        (lambda: power.discordant_spread(0.1, 0.05), "discordant must be from the difference, 0.1, to 1"),
        (lambda: power.half_width(1.5, 10), "rate must be from 0 to 1"),
        (lambda: power.detectable(10, -0.1), "rate must be from 0 to 1"),
    ],
)
def test_what_is_out_of_range(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_what_is_just_in_range():
    assert power.least_pairs() == 6
    assert power.discordant_spread(0.1, 0.1) == pytest.approx(0.3)
    assert power.discordant_spread(0.1, 1) == pytest.approx(math.sqrt(0.99))
    assert power.half_width(1, 10) == pytest.approx((1 - wilson(10, 10).low) / 2)
    assert power.half_width(0.5, 100, 0.8) == pytest.approx(0.5 - wilson(50, 100, 0.8).low)
    assert power.samples_a_side(0.25, 0.75) > 2
    for wrong in (lambda: power.pairs(1, 0.1), lambda: power.discordant_spread(0.1, 1.5)):
        with pytest.raises(InputError, match=r"below 1|to 1"):
            wrong()
    with pytest.raises(InputError, match="power must be above"):
        power.pairs(0.1, 0.1, power=1 - 0.95)


def test_two_samples_tell_all_from_nothing():
    """From 0, an angle of half of (1.96 + 0.84) sqrt(2 / n)."""
    angle = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) / 2
    assert power.detectable(2, 0) == pytest.approx(math.sin(angle) ** 2, abs=1e-4)
    assert power.detectable(1, 0) == 1


@pytest.mark.parametrize(("n", "rows"), [(4, 8), (11, 1024), (12, 2000)])
def test_flips_are_all_that_leave_the_first_pair_or_drawn(n, rows):
    signs = power._signs(n, np.random.default_rng(0))
    assert signs.shape == (rows, n)
    assert set(signs.ravel()) == {-1, 1}
    assert (signs[0] == 1).all(), "what was observed"
    if n < 12:
        assert len({tuple(row) for row in signs}) == rows
        assert (signs[:, 0] == 1).all()
