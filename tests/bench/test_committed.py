"""What docs/benchmarks.md says was measured is in the committed rows."""

import re
from pathlib import Path

from lh_eval.bench.summary import markdown_table
from lh_eval.bench.table import newest, read_table

ROOT = Path(__file__).parents[2]
SHAPE = ["gpu", "batch", "heads", "kv_heads", "head_dim", "dtype"]


def test_every_line_of_the_tables_is_printed_from_the_rows():
    frame = read_table(ROOT / "outputs" / "bench" / "operator.csv")
    printed = {line for _, rows in frame.groupby(SHAPE) for line in markdown_table(newest(rows)).splitlines()}
    document = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| \d+[KM]? \| fwd.*$", document, re.MULTILINE)
    assert lines
    assert set(lines) <= printed


def test_committed_rows_are_from_clean_commits():
    frame = read_table(ROOT / "outputs" / "bench" / "operator.csv")
    assert not frame["commit"].str.endswith("-dirty").any()
