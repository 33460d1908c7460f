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
