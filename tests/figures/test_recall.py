import pytest

from lh_eval import InputError
from lh_eval.figures.recall import recall_figure


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
