import itertools

import pandas as pd
import pytest


@pytest.fixture
def make_cells():
    """Cells of a grid with rate(length, depth); None is a cell without samples."""

    def make(lengths=(4096, 16384), depths=(0.0, 50.0, 100.0), *, rate=lambda length, depth: 0.5, n=10):
        rows = []
        for length in lengths:
            for depth in depths:
                value = rate(length, depth)
                rows.append({"length": length, "depth": depth, "n": n if value is not None else 0, "rate": value})
        return pd.DataFrame(rows).astype({"rate": float})

    return make


@pytest.fixture
def assert_readable():
    """No text leaves the page, and none touches another."""

    def check(figure):
        figure.canvas.draw()
        page = figure.bbox
        shown = figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_text())
        boxes = {text: text.get_window_extent() for text in shown if text.get_visible()}
        for text, box in boxes.items():
            assert page.x0 <= box.x0 < box.x1 <= page.x1, text.get_text()
            assert page.y0 <= box.y0 < box.y1 <= page.y1, text.get_text()
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
            assert not a.overlaps(b), (one.get_text(), other.get_text())

    return check
