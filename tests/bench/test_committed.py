"""What docs/benchmarks.md says was measured is in the committed rows."""

import re
from pathlib import Path

from lh_eval.analysis.measured import newest
from lh_eval.bench.summary import markdown_table
from lh_eval.store.measurements import read_measurements

ROOT = Path(__file__).parents[2]
SHAPE = ["gpu", "batch", "heads", "kv_heads", "head_dim", "dtype"]


def test_every_line_of_the_tables_is_printed_from_the_rows():
    frame = read_measurements(ROOT / "outputs" / "bench" / "operator.csv")
    printed = {line for _, rows in frame.groupby(SHAPE) for line in markdown_table(newest(rows)).splitlines()}
    document = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| \d+[KM]? \| fwd.*$", document, re.MULTILINE)
    assert lines
    assert set(lines) <= printed


def test_committed_rows_are_from_clean_commits():
    frame = read_measurements(ROOT / "outputs" / "bench" / "operator.csv")
    assert not frame["commit"].str.endswith("-dirty").any()


def test_the_table_of_scorers_is_from_the_rows():
    frame = read_measurements(ROOT / "outputs" / "bench" / "operator.csv")
    document = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (\d+)K \| (forward.*) \| (\S+) \| (\S+) \| (\S+) \|$", document, re.MULTILINE)
    assert len(lines) == 6
    for thousands, mode, *times in lines:
        for scorer, ms in zip(("norm", "pooled-qk", "qk"), times, strict=True):
            rows = newest(frame, scorer).set_index(["provider", "N", "mode", "k"])
            short = {"forward": "fwd", "forward and backward": "fwd+bwd"}[mode]
            assert f"{rows.loc[('lighthouse', int(thousands) * 1024, short, 2048), 'ms']:#.4g}" == ms
