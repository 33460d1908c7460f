import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lh_eval import InputError
from lh_eval.figures.recall import recall_correlation, recall_figure


def test_the_correlation_is_spearmans_with_an_interval_around_it():
    rng = np.random.default_rng(0)
    recall = rng.random(40)
    frame = pd.DataFrame({"selection_recall": recall, "rate": np.round(recall + rng.random(40), 1) / 2})
    frame.loc[40] = [0.5, None]
    found = recall_correlation(frame)
    expected = spearmanr(frame["selection_recall"][:40], frame["rate"][:40])
    assert (found.rho, found.p, found.n) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue), 40)
    # Fisher: tanh(atanh(rho) ± 1.96 / sqrt(n - 3))
    ends = np.tanh(np.arctanh(found.rho) + np.array([-1, 1]) * 1.959964 / np.sqrt(37))
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-6)


@pytest.mark.parametrize("rate", [[1, 1, 1, 1, 1], [0, 0.5, 1]])
def test_without_variation_or_cells_it_is_undefined(rate):
    found = recall_correlation(pd.DataFrame({"selection_recall": np.linspace(0, 1, len(rate)), "rate": rate}))
    assert np.isnan(found.rho)
    assert found.n == len(rate)


@pytest.mark.parametrize("width", ["single", "double"])
def test_three_panels_that_are_readable(make_cells, make_settings, assert_readable, width):
    tables = {f"norm k={k}": make_cells(rate=lambda length, depth, k=k: depth / 100 * k / 2048) for k in (256, 2048)}
    figure = recall_figure(make_settings({"dense": make_cells()} | tables), title="keyed, model", width=width)
    assert [axes.get_ylabel() for axes in figure.axes] == ["selection recall", "retrieval rate", "its retrieval rate"]
    points = figure.axes[2].lines
    assert [len(line.get_xdata()) for line in points] == [6, 6]  # dense has no recall
    assert figure.axes[2].get_title() == "ρ = 1.00, n = 12"
    assert_readable(figure)


def test_dense_alone_is_refused(make_cells, make_settings):
    with pytest.raises(InputError, match="cells must have a selection recall"):
        recall_figure(make_settings({"dense": make_cells()}))
