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


def by_hand(values, hits, clusters):
    """Area and variance of one stratum, cluster by cluster (Obuchowski 1997, equations 3 and 4)."""
    pairs = [(v, c) for v, h, c in zip(values, hits, clusters, strict=True) if h]
    others = [(v, c) for v, h, c in zip(values, hits, clusters, strict=True) if not h]
    order = [[(v > w) + 0.5 * (v == w) for w, _ in others] for v, _ in pairs]
    area = np.mean(order)
    names = sorted(set(clusters))
    of_hits = [sum(np.mean(order[i]) - area for i, (_, c) in enumerate(pairs) if c == name) for name in names]
    of_misses = [
        sum(np.mean([row[j] for row in order]) - area for j, (_, c) in enumerate(others) if c == name) for name in names
    ]

    def scale(known):
        return known / (known - 1)

    first, second, both = len({c for _, c in pairs}), len({c for _, c in others}), len(names)
    m, n = len(pairs), len(others)
    return (
        area,
        scale(first) * np.dot(of_hits, of_hits) / m**2
        + scale(second) * np.dot(of_misses, of_misses) / n**2
        + 2 * scale(both) * np.dot(of_hits, of_misses) / (m * n),
    )


def test_hits_and_misses_of_one_cluster_vary_together_and_strata_weigh_by_pairs():
    one = ([4, 3, 1, 5, 2, 3], [1, 0, 1, 1, 0, 0], list("aabbcc"))
    other = ([2, 6, 3, 1, 5, 4], [1, 1, 0, 0, 1, 1], list("dedeed"))  # two clusters
    parts = [by_hand(*one), by_hand(*other)]
    weights = np.array([9, 8]) / 17
    area = weights @ [part[0] for part in parts]
    variance = weights**2 @ [part[1] for part in parts]
    values, hits, clusters = (x + y for x, y in zip(one, other, strict=True))
    found = of(values, [bool(hit) for hit in hits], clusters=clusters, strata=[0] * 6 + [1] * 6)
    centre, reach = np.log(area / (1 - area)), 1.959964 * np.sqrt(variance) / (area * (1 - area))
    ends = 1 / (1 + np.exp([-(centre - reach), -(centre + reach)]))
    assert found == pytest.approx((area, *ends, 7, 5), abs=1e-6)


@pytest.mark.parametrize(
    ("values", "hits"), [([1, 2, 3], [True] * 3), ([4, 3, 1], [True, True, False]), ([1, 1], [True, False])]
)
def test_what_cannot_be_known_is_nan_and_the_counts_are_said(values, hits):
    found = of(values, hits)
    assert np.isnan([found.low, found.high]).all()
    assert (found.hits, found.misses) == (sum(hits), len(hits) - sum(hits))


@pytest.mark.filterwarnings("error")
def test_the_wrong_order_has_no_interval_either():
    found = of([0, 1, 3, 2], [True, True, False, False])
    assert found.auroc == 0
    assert np.isnan([found.low, found.high]).all()
