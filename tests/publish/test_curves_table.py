import pandas as pd
import pytest
from training_runs import PARTS, write_training, write_two_seeds

from lh_eval.analysis.curves import read_curves
from lh_eval.analysis.curves_table import curves_table
from lh_eval.publish.curves_table import curves_text, write_curves_table


@pytest.fixture
def curves(tmp_path):
    write_two_seeds(tmp_path)
    return read_curves([tmp_path])


def test_shown_with_the_means_over_seeds(curves):
    shown = curves_text(curves_table(curves, ["text"]))
    assert shown.columns.tolist() == [
        "recipe", "stage", "length", "seeds", "tokens", "seconds", "tokens/s", "text at end", "text gap", "text steps",
    ]  # fmt: skip
    assert shown.iloc[0].tolist() == ["norm", "1 lighthouse", "256", "2", "0.2M", "200", "1001", "2.000", "", ""]
    assert shown.iloc[2].tolist() == [
        "norm", "2 dense", "1K", "2", "0.2M", "200", "1001", "1.990", "+0.990", "60 to 100",
    ]  # fmt: skip


def test_a_loss_that_falls_at_once_and_one_that_never_does(tmp_path):
    write_training(tmp_path / "a", PARTS, loss=lambda attention, step: {"text": float(attention == "lighthouse")})
    write_training(tmp_path / "b", PARTS, loss=lambda attention, step: {"text": float(attention == "dense")})
    shown = curves_text(curves_table(read_curves([tmp_path]), ["text"]))
    assert shown[["text gap", "text steps"]].to_numpy()[2].tolist() == ["−1.000", "20"]
    assert shown[["text gap", "text steps"]].to_numpy()[5].tolist() == ["+1.000", "never"]


def test_files_have_the_same_bytes_every_time(curves, tmp_path):
    table = curves_table(curves, ["text"])
    first, second = ([file.read_bytes() for file in write_curves_table(table, tmp_path / name)] for name in "xy")
    assert first == second
    again = pd.read_csv(tmp_path / "x.csv")
    assert again["text_gap"].dropna().tolist() == [0.99, 0.99]
    assert r"\toprule" in (tmp_path / "x.tex").read_text()
    assert "| norm | 2 dense | 1K | 2 |" in (tmp_path / "x.md").read_text()
