import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from lh_eval import InputError
from lh_eval.figures.difference import difference_heatmap


def cells(lengths=(4096, 16384), depths=(0.0, 50.0, 100.0), p=lambda length, depth: 1.0):
    rows = [
        {"length": length, "depth": depth, "difference": -0.3, "gained": 1, "lost": 4, "p_holm": p(length, depth)}
        for length in lengths
        for depth in depths
    ]
    return pd.DataFrame(rows)


def frames(figure):
    black = [patch for patch in figure.axes[0].patches if to_rgb(patch.get_edgecolor()) == (0, 0, 0)]
    return sorted((int(patch.get_x()), int(patch.get_y())) for patch in black)


def test_significant_cells_are_framed_at_the_level():
    table = cells(p=lambda length, depth: 0.03 if (length, depth) == (16384, 50.0) else float("nan"))
    assert frames(difference_heatmap(table)) == [(1, 1)]
    assert frames(difference_heatmap(table, level=0.99)) == []


def test_numbers_carry_signs_and_the_heading_the_mean():
    figure = difference_heatmap(cells(), title="qk less norm")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("−0.30") == texts.count("+1 −4") == 6
    assert [text.get_text() for text in figure.texts] == [
        "qk less norm: mean −0.30",
        "+gained −lost samples; framed: p < 0.05 after Holm",
    ]
    assert figure.axes[0].collections[0].get_clim() == (-0.5, 0.5)


def test_cells_in_which_nothing_changed_say_so_once():
    figure = difference_heatmap(cells().assign(difference=0.0, gained=0, lost=0))
    assert {text.get_text() for text in figure.axes[0].texts} == {"0"}
    assert figure.axes[0].collections[0].get_clim() == (-0.1, 0.1)


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("columns", [1, 3, 6])
def test_labels_are_apart_and_on_the_page(assert_readable, width, columns):
    lengths = [4096 * 2**i for i in range(columns)]
    table = cells(lengths, (0.0, 15.0, 33.333, 50.0, 100.0), p=lambda length, depth: 0.0)
    assert_readable(difference_heatmap(table, title="qk:dilation=8 k=2048 less dense " * 3, width=width))


def test_no_cells_are_refused():
    with pytest.raises(InputError, match="cells must be at least one"):
        difference_heatmap(cells().iloc[:0])
