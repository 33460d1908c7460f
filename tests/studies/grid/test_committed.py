"""The committed grid: its tables and the page that shows them are those of its rows."""

from pathlib import Path

import pytest

from lh_eval.studies.grid.__main__ import KIND, make_tables
from lh_eval.studies.grid.trainings import read_grid
from lh_eval.studies.tables import filled

ROOT = Path(__file__).parents[3]
GRID = ROOT / "outputs" / "grid"


@pytest.mark.long
def test_the_committed_page_and_tables_are_those_of_the_rows(tmp_path):
    tables = make_tables(read_grid(GRID))
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert filled(page, KIND, {name: table.markdown for name, table in tables.items()}) == page
    for file in [file for name, table in tables.items() for file in table.write(tmp_path, name)]:
        assert (GRID / file.name).read_bytes() == file.read_bytes(), file.name
