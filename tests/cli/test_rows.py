"""`lh-eval rows`: rows for other tools, the same from each format."""

import json

import pandas as pd
import pytest

from lh_eval.cli.app import main
from lh_eval.store.folder import RunFolder


@pytest.fixture
def run(tmp_path, make_row):
    config = {"task": "passkey", "lengths": [64], "depths": [0], "trials": 2, "seed": 0, "model": {"name": "m"}}
    config |= {"setting": {"family": "dense", "budget": None, "budget_name": None}}
    with RunFolder.open(tmp_path / "run", config) as folder:
        folder.append(make_row(length=64, depth=0.0, trial=0, score=1.0, answers=("7", "ü,\n")))
        folder.append(make_row(length=64, depth=0.0, trial=1, score=None, error="it broke", prediction=None))
    return tmp_path / "run"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_each_format_has_all_rows(run, tmp_path, suffix, capsys):
    file = tmp_path / f"all.{suffix}"
    assert main(["rows", str(run), "-o", str(file)]) == 0
    assert capsys.readouterr().out == f"2 rows of 1 runs: {file}\n"
    read = {"parquet": pd.read_parquet, "csv": pd.read_csv, "jsonl": lambda path: pd.read_json(path, lines=True)}
    frame = read[suffix](file)
    assert list(frame["trial"]) == [0, 1]
    assert list(frame["score"].fillna(-1)) == [1.0, -1]
    assert list(frame["error"].fillna("")) == ["", "it broke"]
    assert json.loads(frame["answers"][0]) == ["7", "ü,\n"]
    assert set(frame["model"]) == {"m"}
    assert set(frame["setting"]) == {"dense"}
    assert set(frame["run"]) == {str(run)}


def test_columns_without_values_keep_their_type_in_parquet(run, tmp_path):
    assert main(["rows", str(run), "-o", str(tmp_path / "a.parquet")]) == 0
    kinds = pd.read_parquet(tmp_path / "a.parquet").dtypes
    assert str(kinds["dropped"]) in ("string", "str")
    assert kinds["length"] == "int64"


def test_another_suffix_is_one_line(run, tmp_path, capsys):
    assert main(["rows", str(run), "-o", str(tmp_path / "a.xlsx")]) == 2
    assert "out must end in .parquet, .csv, .jsonl" in capsys.readouterr().err
