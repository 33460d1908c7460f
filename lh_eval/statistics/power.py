"""How many samples or trainings a difference takes: power of the tests that comparisons make."""

import math
from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.statistics.rates import check_level, wilson

if TYPE_CHECKING:
    import numpy as np

_SIMULATED = 4000  # experiments: the power of one number of pairs is then known to about 0.013 either way
_FLIPS = 1999  # drawn of each experiment, where they are more
_FEW = 12  # pairs up to which statsmodels' root finder may not converge
_MOST_EFFECT = 50.0  # beyond, two pairs are enough at any usual level
_MOST_PAIRS = 2000  # beyond, simulated sign flips and the t-test are one


def samples_a_side(difference: float, rate: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Samples of each of two sides that are asked other ones, so that their rates are told apart.

    Args:
        difference: of the rates, above 0.
        rate: of the one side; the other's is above it by the difference.
        power: probability that the two-sided test finds the difference.
        level: confidence level; the test's significance is 1 less it.

    Raises:
        InputError: a value is out of range.

    Source: statsmodels' NormalIndPower on Cohen's h (1988, chapter 6).
    """
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    _check(difference, power, level)
    if not 0 <= rate <= 1 - difference:
        raise InputError(f"rate must be from 0 to 1 - {difference:g} for a difference of {difference:g}, got {rate:g}")
    effect = proportion_effectsize(rate + difference, rate)
    return _whole(NormalIndPower().solve_power(effect, alpha=1 - level, power=power))


def detectable(n: int, rate: float, *, power: float = 0.8, level: float = 0.95) -> float:
    """The least difference that `n` samples a side tell apart, other ones on each; the inverse of `samples_a_side`.

    Args:
        n: samples of each side.
        rate: of one side; the other's is further from the nearer of 0 and 1.
        power: as in `samples_a_side`.
        level: as in `samples_a_side`.

    Raises:
        InputError: a value is out of range.
    """
    from statsmodels.stats.power import NormalIndPower

    if not 0 <= rate <= 1:
        raise InputError(f"rate must be from 0 to 1, got {rate:g}")
    effect = NormalIndPower().solve_power(nobs1=n, alpha=1 - level, power=power)
    nearer = min(rate, 1 - rate)
    angle = min(math.pi / 2, math.asin(math.sqrt(nearer)) + effect / 2)
    return math.sin(angle) ** 2 - nearer


def pairs(difference: float, spread: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Pairs, of samples or of trainings, so that the paired t-test finds their mean difference.

    Args:
        difference: mean of the pairs' differences, above 0.
        spread: their standard deviation, above 0; of samples with scores 0 and 1, `discordant_spread`.
        power: as in `samples_a_side`.
        level: as in `samples_a_side`.

    Raises:
        InputError: a value is out of range.

    Source: statsmodels' TTestPower.
    """
    from statsmodels.stats.power import TTestPower

    _check(difference, power, level)
    if not spread > 0:
        raise InputError(f"spread must be above 0, got {spread:g}; pairs that all differ alike need no test")
    effect = difference / spread
    for n in range(2, _FEW):
        if _t_power(effect, n, level) >= power:
            return n
    return _whole(TTestPower().solve_power(effect, alpha=1 - level, power=power))


def _t_power(effect: float, n: int, level: float) -> float:
    """Power of the paired t-test; scipy's noncentral t has no value at single points, so take one beside them."""
    from statsmodels.stats.power import TTestPower

    beside = (min(effect, _MOST_EFFECT) * (1 + shift / 1000) for shift in range(10))
    values = (float(TTestPower().power(each, n, 1 - level)) for each in beside)
    return next((value for value in values if not math.isnan(value)), 1.0)


def discordant_spread(difference: float, discordant: float) -> float:
    """Standard deviation of the differences of paired scores 0 and 1.

    Args:
        difference: mean of the pairs' differences, above 0.
        discordant: share of the pairs whose scores differ.

    Raises:
        InputError: fewer pairs differ than the difference needs.
    """
    if not difference <= discordant <= 1:
        raise InputError(
            f"discordant must be from the difference, {difference:g}, to 1, got {discordant:g}; it is the share of "
            "samples that one side alone gets right"
        )
    return math.sqrt(discordant - difference**2)


def independent_discordance(difference: float, rate: float) -> float:
    """The share of samples that differ where two sides' scores have nothing to do with each other."""
    other = rate + difference
    return rate * (1 - other) + other * (1 - rate)


def least_pairs(level: float = 0.95) -> int:
    """The fewest pairs that the sign-flip test can find anything with: 2^(1-n) is its least p-value.

    Raises:
        InputError: the level is none.
    """
    check_level(level)
    n = 2
    while 2.0 ** (1 - n) > 1 - level + 1e-12:
        n += 1
    return n


def flipped_pairs(difference: float, spread: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Pairs so that the sign-flip test finds their mean difference; simulated, arguments and errors as in `pairs`.

    Differences are taken for normal. At least `least_pairs`, and seldom more than one beyond what the t-test takes.
    """
    n = max(pairs(difference, spread, power=power, level=level), least_pairs(level))
    while n <= _MOST_PAIRS and flip_power(n, difference / spread, level=level) < power:
        n += 1
    return n


def flip_power(n: int, effect: float, *, level: float = 0.95, seed: int = 0) -> float:
    """How often the sign-flip test finds a mean of `effect` standard deviations with `n` pairs; simulated.

    Args:
        n: pairs.
        effect: mean of the pairs' differences over their standard deviation.
        level: as in `samples_a_side`.
        seed: of the experiments; the same arguments give the same power.

    Source: scipy.stats.power.
    """
    import numpy as np
    from scipy import stats

    rng = np.random.default_rng(seed)
    signs = _signs(n, rng)

    def p_values(differences: "np.ndarray", axis: int) -> "np.ndarray":
        observed = np.abs(differences.sum(axis=axis))[..., None]
        flipped = np.abs(np.moveaxis(differences, axis, -1) @ signs.T)
        return (flipped >= observed - 1e-9).mean(axis=-1)

    simulated = stats.power(
        p_values,
        lambda size: rng.normal(effect, 1, size=size),
        (n,),
        significance=1 - level + 1e-12,
        vectorized=True,
        n_resamples=_SIMULATED,
        batch=500,
    )
    return float(np.squeeze(simulated.power))


def half_width(rate: float, n: int, level: float = 0.95) -> float:
    """How far Wilson's interval of a rate of `n` samples reaches either way: half of its width.

    Raises:
        InputError: a value is out of range.
    """
    if not 0 <= rate <= 1:
        raise InputError(f"rate must be from 0 to 1, got {rate:g}")
    low, high = wilson(rate * n, n, level)
    return (high - low) / 2


def _signs(n: int, rng: "np.random.Generator") -> "np.ndarray":
    """[flips, n] signs: all that leave the first pair, as their mirror images are as extreme; or drawn ones."""
    import numpy as np

    if 2 ** (n - 1) <= _FLIPS + 1:
        bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n - 1)) & 1
        return np.hstack([np.ones((len(bits), 1)), 1 - 2 * bits])
    # what was observed is one of them
    return np.vstack([np.ones(n), rng.choice([-1.0, 1.0], size=(_FLIPS, n))])


def _check(difference: float, power: float, level: float) -> None:
    check_level(level)
    if not 0 < difference < 1:
        raise InputError(f"difference must be above 0 and below 1, got {difference:g}")
    if not 1 - level < power < 1:
        raise InputError(f"power must be above {1 - level:.3g} and below 1, got {power:g}; 0.8 is usual")


def _whole(n: float) -> int:
    return max(2, math.ceil(float(n) - 1e-9))
