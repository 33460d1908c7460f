import pandas as pd
import pytest

from lh_eval.analysis.table import for_people, results_table, write_tables
from lh_eval.store.finding import find_runs

LIGHTHOUSE = {"scorer": "qk:dilation=8", "k": 256}


@pytest.fixture
def runs(make_run, tmp_path):
    make_run("all/passkey/dense")
    make_run("all/passkey/qk-k256", attention=LIGHTHOUSE, score=lambda length, depth, trial: length < 2048)
    make_run("all/other", score=lambda length, depth, trial: trial == 0)
    return find_runs([tmp_path / "all"])


def test_a_row_a_task_and_setting(runs):
    table = results_table(runs)
    assert table.columns.tolist() == ["task", "setting", 1024, 2048, "mean", "ci_low", "ci_high", "n", "effective"]
    assert table["setting"].tolist() == ["dense", "dense", "qk:dilation=8 k=256"]
    assert table[1024].tolist() == [0.5, 1.0, 1.0]
    assert table[2048].tolist() == [0.5, 1.0, 0.0]
    assert table["effective"].tolist() == [pd.NA, 2048, 1024]
    assert (table["n"] == 8).all()
    assert ((table["ci_low"] < table["mean"]) | (table["mean"] == 0)).all()


def test_threshold(runs):
    assert results_table(runs, threshold=0.5)["effective"].tolist() == [2048, 2048, 1024]


def test_shown_as_in_a_paper(runs):
    shown = for_people(results_table(runs))
    assert shown.columns.tolist() == ["task", "setting", "1K", "2K", "mean (95% CI)", "n", "effective"]
    assert shown.iloc[0].tolist()[2:4] == ["0.50", "0.50"]
    assert shown["effective"].tolist() == ["–", "2K", "1K"]


def test_files_have_the_same_bytes_every_time(runs, tmp_path):
    table = results_table(runs)
    first, second = (write_tables(table, tmp_path / name) for name in ("one", "two"))
    assert first.csv.read_bytes() == second.csv.read_bytes()
    assert first.tex.read_bytes() == second.tex.read_bytes()
    assert r"mean (95\% CI)" in first.tex.read_text()
    assert r"\toprule" in first.tex.read_text()
    again = pd.read_csv(first.csv)
    assert again["1024"].tolist() == [0.5, 1.0, 1.0]


def test_a_length_that_a_run_lacks_is_a_dash(make_run, tmp_path):
    make_run("a")
    make_run("b", lengths=[2048, 4096])
    shown = for_people(results_table(find_runs([tmp_path / "a", tmp_path / "b"])))
    assert shown["4K"].tolist() == ["–", "1.00"]
