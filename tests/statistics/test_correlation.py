import numpy as np
import pytest
from scipy.stats import spearmanr

from lh_eval.statistics import rank_correlation


def test_the_correlation_is_spearmans_with_an_interval_around_it():
    rng = np.random.default_rng(0)
    recall = rng.random(40)
    rate = np.round(recall + rng.random(40), 1) / 2
    found = rank_correlation([*recall, 0.5], [*rate, float("nan")])
    expected = spearmanr(recall, rate)
    assert (found.rho, found.p, found.n) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue), 40)
    # Fisher: tanh(atanh(rho) ± 1.96 / sqrt(n - 3))
    ends = np.tanh(np.arctanh(found.rho) + np.array([-1, 1]) * 1.959964 / np.sqrt(37))
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-6)


@pytest.mark.parametrize("rate", [[1, 1, 1, 1, 1], [0, 0.5, 1]])
def test_without_variation_or_cells_it_is_undefined(rate):
    found = rank_correlation(np.linspace(0, 1, len(rate)).tolist(), rate)
    assert np.isnan(found.rho)
    assert found.n == len(rate)


def test_two_values_are_enough_to_vary_and_what_is_unknown_is_all_nan():
    found = rank_correlation([1, 2, 3, 4, 5], [0, 0, 1, 0, 1])
    assert found.rho == pytest.approx(spearmanr([1, 2, 3, 4, 5], [0, 0, 1, 0, 1]).statistic)
    assert np.isnan(rank_correlation([1, 2, 3, 4], [1, 1, 1, 1])[:4]).all()
