import csv

import pandas as pd
import pytest

from lh_eval.errors import InputError
from lh_eval.studies.throughput.sides import OURS, RIVAL
from lh_eval.studies.throughput.table import COLUMNS, SCORED, append, read, table


def row(provider, rate, *, batch="1", task="kv", **changes):
    values = dict.fromkeys(COLUMNS, "1") | {"task": task, "length": "4096", "provider": provider, "batch": batch}
    return values | {"samples_per_s": rate, "same_score": "5", "same_text": "4", "compared": "6"} | changes


def text(rows):
    return table(pd.DataFrame(rows))


def test_rows_are_appended_below_one_header(tmp_path):
    path = tmp_path / "new" / "rows.csv"
    for rate in ("1", "2"):
        append(path, row(OURS, rate))
    with path.open() as file:
        assert list(csv.DictReader(file)) == [row(OURS, "1"), row(OURS, "2")]
    path.write_text("a,b\n")
    with pytest.raises(InputError, match="out must be a file with the columns gpu,torch,"):
        append(path, row(OURS, "1"))
    assert path.read_text() == "a,b\n"
    with pytest.raises(InputError, match=r"out must be a CSV of measurements, got .*none\.csv"):
        read(tmp_path / "none.csv")


def test_the_newest_rows_are_compared_with_the_better_of_hflms_batches():
    other = row(RIVAL, "5", gpu="other")
    rows = [row(OURS, "1", batch="8"), row(OURS, "12"), row(RIVAL, "4", batch="16"), row(RIVAL, "3")]
    assert "| kv | 4096 | 1 | 12 | 4 | 16 | 3.00 | 1 + 1 | 1 + 1 | 5 of 6 | 1 and 1 | 4 of 6 |" in text([other, *rows])
    assert "| 3.00 |" not in text([*rows, other])  # the last row is of another machine


def test_memory_is_set_beside_where_both_sides_counted_it():
    mine, theirs = (row(f"{provider} {SCORED}", "1", task="passkey") for provider in (OURS, RIVAL))
    counted = [mine | {"peak_bytes": "50000000"}, theirs | {"peak_bytes": "1000000000"}]
    assert "| passkey | 4096 | 50 | 1000 | 0.050 |" in text(counted)
    assert "passkey" not in text([mine | {"peak_bytes": ""}, theirs])
    none = [mine | {"peak_bytes": "0"}, theirs | {"peak_bytes": "0"}]
    assert "| passkey | 4096 | 0 | 0 | - |" in text(none)
