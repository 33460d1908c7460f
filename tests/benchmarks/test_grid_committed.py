"""The committed grid: its tables and the page that shows them are those of its rows."""

from pathlib import Path

import pytest
from grid import KIND, PAGE, make_tables, write_tables
from grid_trainings import read_grid
from tables import filled

GRID = Path(__file__).parents[2] / "outputs" / "grid"


@pytest.mark.skipif(not (GRID / "training").is_dir(), reason="no grid is committed")
def test_the_committed_page_and_tables_are_those_of_the_rows(tmp_path):
    tables = make_tables(read_grid(GRID))
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, KIND, {name: table.markdown for name, table in tables.items()}) == page
    for file in write_tables(tables, tmp_path):
        assert (GRID / file.name).read_bytes() == file.read_bytes(), file.name
