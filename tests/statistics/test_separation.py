import numpy as np
import pytest

from lh_eval.statistics import separation


def of(values, hits, clusters=None, strata=None):
    return separation(values, hits, clusters=clusters or range(len(values)), strata=strata or [0] * len(values))


def test_the_area_is_the_share_of_pairs_in_order_ties_half():
    found = of([3, 1, 2, 1], [True, True, False, False])
    assert found.auroc == (1 + 1 + 0 + 0.5) / 4
    assert (found.hits, found.misses) == (2, 2)


def test_independent_samples_have_delongs_variance():
    rng = np.random.default_rng(0)
    hits, misses = rng.normal(1, 1, 40), rng.normal(0, 1, 30)
    found = of([*hits, *misses], [True] * 40 + [False] * 30)
    order = hits[:, None] > misses[None]
    area = order.mean()
    variance = order.mean(1).var(ddof=1) / 40 + order.mean(0).var(ddof=1) / 30  # DeLong 1988
    # Obuchowski's has a covariance of the clusters, which hold a hit or a miss each: none
    reach = 1.959964 * np.sqrt(variance) / (area * (1 - area))
    ends = 1 / (1 + np.exp(-(np.log(area / (1 - area)) + np.array([-reach, reach]))))
    assert (found.low, found.high) == (pytest.approx(ends[0], abs=1e-3), pytest.approx(ends[1], abs=1e-3))


def test_copies_in_one_cluster_narrow_nothing():
    rng = np.random.default_rng(1)
    values = np.round(rng.random(30) + np.repeat([0.3, 0], 15), 2).tolist()
    hits = [True] * 15 + [False] * 15
    once = of(values, hits)
    thrice = of(values * 3, hits * 3, clusters=list(range(30)) * 3)
    assert thrice[:3] == pytest.approx(once[:3])


def test_strata_are_not_compared_with_one_another():
    values, hits = [9, 8, 1, 2], [True, True, False, True]
    assert of(values, hits).auroc == 1
    assert of(values, hits, strata=["4K", "4K", "16K", "16K"]).auroc == 1
    assert of([9, 8, 3, 2], [True, True, False, True], strata=["4K", "4K", "16K", "16K"]).auroc == 0


@pytest.mark.parametrize("hits", [[True, True], [False, False]])
def test_without_hits_or_misses_there_is_none(hits):
    assert np.isnan(of([1, 2], hits).auroc)


def test_a_perfect_order_has_no_interval():
    found = of([2, 3, 1, 0], [True, True, False, False])
    assert found.auroc == 1
    assert np.isnan(found.low)
