import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.figures.captions import of_misses
from lh_eval.figures.recall import recall_figure


@pytest.mark.parametrize("width", ["single", "double"])
def test_three_panels_that_are_readable(make_cells, make_settings, assert_readable, width):
    tables = {f"norm k={k}": make_cells(rate=lambda length, depth, k=k: depth / 100 * k / 2048) for k in (256, 2048)}
    figure = recall_figure(make_settings({"dense": make_cells()} | tables), title="keyed, model", width=width)
    assert [axes.get_ylabel() for axes in figure.axes] == ["selection recall", "retrieval rate", "its retrieval rate"]
    points = figure.axes[2].lines
    assert [len(line.get_xdata()) for line in points] == [6, 6]  # dense has no recall
    assert figure.axes[2].get_title() == ""
    assert_readable(figure)


def test_dense_alone_is_refused(make_cells, make_settings):
    with pytest.raises(InputError, match="cells must have a selection recall"):
        recall_figure(make_settings({"dense": make_cells()}))


@pytest.mark.parametrize("width", ["single", "double"])
def test_a_fourth_panel_tells_which_membership_goes_with_a_miss(make_cells, make_settings, assert_readable, width):
    tables = {f"norm k={k}": make_cells(rate=lambda length, depth, k=k: depth / 100 * k / 2048) for k in (256, 2048)}
    rows = [
        {"setting": setting, "tokens": tokens, "auroc": auroc, "low": auroc - 0.1, "high": auroc + 0.1, "hits": 9,
         "misses": 8, "of_hits": 0.5, "of_misses": 0.25}
        for setting in tables for tokens, auroc in (("needle", 0.5), ("question", 0.8), ("last token", float("nan")))
    ]  # fmt: skip
    figure = recall_figure(make_settings({"dense": make_cells()} | tables), pd.DataFrame(rows), width=width)
    axes = figure.axes[3]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["needle", "question"]
    assert sum(len(line.get_xdata()) == 1 for line in axes.lines) == 4
    assert_readable(figure)
    told = of_misses(pd.DataFrame(rows))
    assert "norm k=256: needle 0.50 (0.40 to 0.60), 0.50 in hits and 0.25 in misses" in told
    assert of_misses(pd.DataFrame(rows[2:3])) == ""
