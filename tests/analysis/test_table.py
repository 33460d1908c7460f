import pandas as pd

from lh_eval.analysis.table import results_table
from lh_eval.store.run import read_run


def test_a_row_a_task_and_setting(runs):
    table = results_table(runs)
    means, areas = ["mean", "ci_low", "ci_high", "n"], ["area", "area_low", "area_high", "area_by"]
    assert table.columns.tolist() == ["task", "setting", 1024, 2048, *means, *areas, "effective", "threshold"]
    assert table["setting"].tolist() == ["dense", "dense", "qk:dilation=8 k=256"]
    assert table[1024].tolist() == [0.5, 1.0, 1.0]
    assert table[2048].tolist() == [0.5, 1.0, 0.0]
    assert table["effective"].tolist() == [pd.NA, 2048, 1024]
    assert (table["n"] == 8).all()
    assert ((table["ci_low"] < table["mean"]) | (table["mean"] == 0)).all()


def test_threshold(runs):
    assert results_table(runs, threshold=0.5)["effective"].tolist() == [2048, 2048, 1024]


def test_readings_have_a_column_where_there_are_some(make_run, tmp_path):
    runs = [read_run(make_run("a", reading="prompt")), read_run(make_run("b", reading="context"))]
    assert results_table(runs)["reading"].tolist() == ["prompt", "context"]
    assert "reading" not in results_table(runs[1:])
