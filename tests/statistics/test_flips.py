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
