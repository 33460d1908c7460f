import itertools

import pandas as pd
import pytest
from matplotlib.text import Text


@pytest.fixture
def make_cells():
    """Cells of a grid with rate(length, depth); None is a cell without samples."""

    def make(lengths=(4096, 16384), depths=(0.0, 50.0, 100.0), *, rate=lambda length, depth: 0.5, n=10):
        rows = []
        for length in lengths:
            for depth in depths:
                value = rate(length, depth)
                cell = {"length": length, "depth": depth, "n": n if value is not None else 0, "rate": value}
                rows.append(cell | {"hits": (value or 0) * n, "selection_recall": value})
        return pd.DataFrame(rows).astype({"rate": float, "selection_recall": float})

    return make


@pytest.fixture
def make_settings():
    """Cells of many settings in one table; "dense" is dense, "norm k=512" a family and a budget."""

    def make(settings):
        tables = []
        for name, cells in settings.items():
            family, _, budget = name.partition(" ")
            kind, _, value = budget.partition("=")
            columns = {"setting": name, "family": None if name == "dense" else family, "budget_name": kind or None}
            frame = pd.DataFrame(dict.fromkeys(columns, None), index=cells.index, dtype=object).assign(**columns)
            tables.append(frame.assign(budget=float(value or "nan"), reading="context").join(cells))
        return pd.concat(tables, ignore_index=True)

    return make


@pytest.fixture
def assert_readable():
    """No text leaves the page, and none touches another."""

    def check(figure):
        figure.canvas.draw()
        page = figure.bbox
        off = set()  # labels of ticks that are beyond the axis' ends, which are not drawn
        for axis in [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                off |= set() if low <= tick.get_loc() <= high else {tick.label1, tick.label2}
        shown = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible() and text not in off]
        boxes = {text: text.get_window_extent() for text in shown}
        for text, box in boxes.items():
            assert 7 <= text.get_fontsize() <= 9, text.get_text()
            assert page.x0 <= box.x0 < box.x1 <= page.x1, text.get_text()
            assert page.y0 <= box.y0 < box.y1 <= page.y1, text.get_text()
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
            assert not a.overlaps(b), (one.get_text(), other.get_text())

    return check
