import math

import pytest
from training_runs import PARTS, write_training, write_two_seeds

from lh_eval.analysis.curves import read_curves
from lh_eval.analysis.curves_table import curves_table


@pytest.fixture
def curves(tmp_path):
    write_two_seeds(tmp_path)
    return read_curves([tmp_path])


def test_a_row_a_run_stage_and_length(curves):
    table = curves_table(curves, ["text"])
    assert table["run"].tolist() == ["norm-s0"] * 3 + ["norm-s1"] * 3
    assert table["stage"].tolist() == [1, 1, 2] * 2
    assert table["length"].tolist() == [256, 1024, 1024] * 2
    assert table["steps"].tolist() == [200, 100, 200] * 2
    assert table["tokens"].tolist() == [200_000, 100_000, 200_000] * 2
    assert table["seconds"].tolist() == [200.0, 100.0, 200.0] * 2
    assert (table["tokens_per_second"] == 1001).all()  # the median of 1000, 1001, 1002
    assert table["text_end"].round(3).tolist() == [2.0, 2.0, 1.99] * 2


def test_what_the_switch_did_stands_where_the_stage_begins(curves):
    table = curves_table(curves, ["text", "copy"])
    assert table["text_before"].notna().tolist() == [False, False, True] * 2
    switch = table.iloc[2]
    assert switch["text_before"] == 2.0
    assert switch["text_before_sd"] == 0.0
    assert switch["text_highest"] == pytest.approx(2.99)
    assert switch["text_gap"] == pytest.approx(0.99)
    assert switch["text_recovery_steps"] == 60
    assert table.iloc[5]["text_recovery_steps"] == 100
    assert switch["copy_gap"] == pytest.approx(0.0099)


def test_a_loss_that_a_run_lacks_is_empty(curves, tmp_path):
    write_training(tmp_path / "other", PARTS, loss=lambda attention, step: {"text": 1.0})
    table = curves_table(read_curves([tmp_path]), ["text", "copy"])
    assert table[table["run"] == "other"]["copy_end"].isna().all()
    assert math.isnan(table["copy_gap"].iloc[-1])
