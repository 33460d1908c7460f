import numpy as np
import pytest

from lh_eval import InputError
from lh_eval.statistics import mcnemar_exact, sign_flip, standard_error


@pytest.mark.parametrize(("gained", "lost"), [(8, 0), (5, 1), (3, 3), (1, 0)])
def test_of_single_samples_it_is_mcnemars(gained, lost):
    differences = [1.0] * gained + [-1.0] * lost + [0.0] * 4
    n = len(differences)
    p = sign_flip(differences, cells=[0] * n, clusters=range(n))
    assert p == pytest.approx(mcnemar_exact(gained, lost))


def test_it_asks_how_much_and_mcnemars_how_often():
    """Means of four trainings: seven prompts lost a little, three gained wholly. The mean is above 0."""
    differences = [-0.25] * 7 + [1.0] * 3
    p = sign_flip(differences, cells=[0] * 10, clusters=range(10))
    assert sum(differences) > 0
    # of all flips, those whose sum is as far from 0 as 1.25
    signs = (np.arange(1024)[:, None] >> np.arange(10)) % 2 * 2 - 1
    assert p == pytest.approx(np.mean(np.abs(signs @ np.abs(differences)) >= 1.25 - 1e-9))
    assert p != pytest.approx(mcnemar_exact(3, 7))


def test_a_cluster_is_flipped_whole():
    differences = [1.0] * 12
    assert sign_flip(differences, cells=[0, 1] * 6, clusters=range(12)) == pytest.approx(2 / 2**12, rel=0.9)
    assert sign_flip(differences, cells=[0, 1] * 6, clusters=np.repeat(range(6), 2)) == 2 / 2**6


def test_cells_count_alike_whatever_their_size():
    """A sample of the cell of two counts four times one of the cell of eight."""
    differences = [1.0, 1.0, *[-1.0] * 8]
    p = sign_flip(differences, cells=[0] * 2 + [1] * 8, clusters=range(10))
    assert p == 1.0  # mean difference 0: every flip is as extreme


def test_where_nothing_differs_p_is_1_and_draws_are_seeded():
    assert sign_flip([0.0] * 5, cells=[0] * 5, clusters=range(5)) == 1
    values = np.random.default_rng(0).normal(0.2, 1, size=60)
    p = sign_flip(values, cells=[0] * 60, clusters=range(60))
    assert p == sign_flip(values, cells=[0] * 60, clusters=range(60))
    assert 0 < p < 1
    with pytest.raises(InputError, match="values must be at least one"):
        sign_flip([], cells=[], clusters=[])


def test_standard_error_of_single_samples_is_the_plain_one():
    values = np.random.default_rng(1).normal(size=40)
    error = standard_error(values, cells=[0] * 40, clusters=range(40), strata=[0] * 40)
    assert error == pytest.approx(values.std(ddof=1) / 40**0.5)


def test_between_strata_there_is_no_chance():
    values = [0.0] * 10 + [1.0] * 10
    length = [("passkey", n) for n in [1] * 10 + [2] * 10]
    grouped = {"cells": length, "clusters": range(20)}
    assert standard_error(values, **grouped, strata=length) == 0
    assert standard_error(values, **grouped, strata=[0] * 20) > 0
    assert standard_error(values, cells=length, clusters=length, strata=length) is None


def test_standard_error_counts_cells_alike():
    """Two strata of two clusters; the second stratum's cells hold one sample of each cluster."""
    values, cells = [1.0, 3.0, 0.0, 2.0, 4.0, 8.0], ["a", "a", "b", "c", "b", "c"]
    error = standard_error(values, cells=cells, clusters=[0, 1, 2, 2, 3, 3], strata=[0, 0, 1, 1, 1, 1])
    added = [(1 / 6, 3 / 6), ((0 + 2) / 6, (4 + 8) / 6)]  # what each cluster adds to the mean of three cells' means
    assert error == pytest.approx(np.sqrt(sum(2 * np.var(pair, ddof=1) for pair in added)))


def by_hand(values, strata):
    """All flips, and of each the mean over its standard error within strata."""
    values, strata = np.array(values, float), np.array(strata)
    signs = (np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) % 2 * 2 - 1

    def statistic(flipped):
        variance = 0
        for stratum in set(strata):
            own = flipped[strata == stratum]
            variance += len(own) * own.var(ddof=1) if len(own) > 1 else own[0] ** 2
        return flipped.sum() / np.sqrt(variance)

    found = np.abs([statistic(row) for row in signs * values])
    return np.mean(found >= abs(statistic(values)) - 1e-9)


@pytest.mark.parametrize(
    ("values", "strata"),
    [
        ([3, 1, 2, -1, -2, 0, 5], [0, 0, 0, 0, 1, 1, 1]),
        ([3, 1, 2, -1, 2, 4, 0], [0, 0, 0, 0, 1, 1, 2]),
        ([3, -1, 2, 1, 2, 4, 7], [0, 0, 0, 0, 1, 1, 2]),
        ([3, -5, 4, -1, -2, 1, 7], [0, 0, 0, 0, 1, 1, 2]),
        ([1, 2, 5, 7, -3, -4], [0, 0, 1, 1, 2, 2]),
    ],
)
def test_strata_are_judged_by_the_spread_within_them(values, strata):
    p = sign_flip(values, cells=[0] * len(values), clusters=range(len(values)), strata=strata)
    assert p == pytest.approx(by_hand(values, strata))


def test_two_clusters_are_enough_and_one_is_not():
    assert sign_flip([1.0, 1.0], cells=[0, 0], clusters=[0, 1]) == 0.5
    assert sign_flip([1.0, 0.0], cells=[0, 0], clusters=[0, 1]) == 1


def test_flips_are_drawn_as_asked():
    values = np.random.default_rng(0).normal(0.2, 1, size=60)
    grouped = {"cells": [0] * 60, "clusters": range(60)}
    assert sign_flip(values, **grouped) == sign_flip(values, **grouped, seed=0) != sign_flip(values, **grouped, seed=1)
    p = sign_flip(values, **grouped, resamples=99)
    assert 100 * p == pytest.approx(round(100 * p), abs=1e-9)
