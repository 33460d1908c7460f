import numpy as np
import pytest
from scipy import stats

from lh_eval import InputError
from lh_eval.statistics import bootstrap_mean


def design(lengths=2, trials=20, depths=3):
    """Cells, clusters and strata of a whole grid, sample by sample."""
    keys = [(n, d, t) for n in range(lengths) for d in range(depths) for t in range(trials)]
    return {
        "cells": [(n, d) for n, d, _ in keys],
        "clusters": [(n, t) for n, _, t in keys],
        "strata": [n for n, _, _ in keys],
    }


def test_single_samples_of_one_cell_are_scipys_bootstrap():
    values = np.random.default_rng(0).normal(size=30)
    ours = bootstrap_mean(values, cells=[0] * 30, clusters=range(30), strata=[0] * 30)
    theirs = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(0)).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high))


def test_what_varies_together_widens_the_interval():
    design_ = design()
    rng = np.random.default_rng(1)
    luck = {cluster: rng.random() < 0.5 for cluster in dict.fromkeys(design_["clusters"])}
    values = [float(luck[cluster]) for cluster in design_["clusters"]]
    together = bootstrap_mean(values, **design_)
    apart = bootstrap_mean(values, **design_ | {"clusters": range(len(values))})
    # three depths that say the same are one observation: sqrt(3) times as wide
    assert (together.high - together.low) / (apart.high - apart.low) == pytest.approx(3**0.5, rel=0.1)


def test_lengths_are_fixed_by_the_design():
    """Between lengths there is no chance: what is 1 at one length and 0 at the other has little spread."""
    design_ = design()
    values = [float(n == 0) for n in design_["strata"]]
    assert bootstrap_mean(values, **design_) is None
    values[0] = 0.0
    interval = bootstrap_mean(values, **design_)
    assert 0.45 < interval.low < interval.high <= 0.5


def test_cells_count_alike_whatever_their_trials():
    values = [1.0] * 9 + [0.0] + [0.0] * 99 + [1.0]
    cells = [0] * 10 + [1] * 100
    interval = bootstrap_mean(values, cells=cells, clusters=range(110), strata=cells)
    assert interval.low < (0.9 + 0.01) / 2 < interval.high


def test_it_is_the_same_every_time_and_in_any_order():
    design_ = design()
    values = np.random.default_rng(2).random(len(design_["cells"])).round(1)
    order = np.random.default_rng(3).permutation(len(values))
    shuffled = {name: [items[i] for i in order] for name, items in design_.items()}
    assert bootstrap_mean(values, **design_) == pytest.approx(bootstrap_mean(values[order], **shuffled), abs=1e-12)
    assert bootstrap_mean(values, **design_) == bootstrap_mean(values, **design_)
    assert bootstrap_mean(values, **design_) != bootstrap_mean(values, **design_, seed=1)


def test_rounding_does_not_decide():
    """Thirds, whose sums depend on their order, give the interval that whole numbers give."""
    design_ = design(trials=10, depths=7)
    whole = np.random.default_rng(0).integers(0, 4, len(design_["cells"]))
    expected = bootstrap_mean(whole, **design_)
    thirds = bootstrap_mean(whole / 3, **design_)
    assert [3 * end for end in thirds] == pytest.approx(list(expected), abs=1e-9)


def test_it_covers_what_it_says():
    """Of 200 experiments whose clusters share half of their luck, about 95 % of the intervals hold the truth."""
    design_ = design(lengths=1, trials=30)
    clusters = np.array([trial for _, trial in design_["clusters"]])
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        chance = rng.beta(2, 2, size=30)[clusters]
        interval = bootstrap_mean((rng.random(len(chance)) < chance).astype(float), **design_, resamples=400)
        held += interval.low <= 0.5 <= interval.high
    assert 180 <= held <= 198


def test_one_cluster_has_nothing_to_draw_from():
    assert bootstrap_mean([0.0, 1.0], cells=[0, 1], clusters=[0, 0], strata=[0, 0]) is None


def test_bad_designs_are_refused():
    with pytest.raises(InputError, match="values must be at least one"):
        bootstrap_mean([], cells=[], clusters=[], strata=[])
    with pytest.raises(InputError, match="clusters must be in one stratum each"):
        bootstrap_mean([0.0, 1.0], cells=[0, 1], clusters=[0, 0], strata=[0, 1])


def test_where_bca_has_no_value_it_is_the_percentiles():
    """Both clusters alone have the mean 1/2, and together 3/8: leaving one out tells nothing of the skew."""
    values, cells = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0], [1, 2, 1, 1, 1, 2]
    interval = bootstrap_mean(values, cells=cells, clusters=list("aabbbb"), strata=[0] * 6)
    assert interval == (0.375, 0.5)


def test_a_lower_level_is_narrower():
    values = np.random.default_rng(0).normal(size=30)
    grouped = {"cells": [0] * 30, "clusters": range(30), "strata": [0] * 30}
    low, high = bootstrap_mean(values, **grouped, level=0.5)
    expected = stats.bootstrap((values,), np.mean, confidence_level=0.5, rng=np.random.default_rng(0))
    assert (low, high) == pytest.approx(tuple(expected.confidence_interval))
