"""`lh-eval intervene` end to end: its table, files and refusals."""

import pandas as pd
import pytest

from lh_eval.cli.app import main

GRID = ["--lengths", "512", "--depths", "30,60", "--trials", "2", "--device", "cpu"]


@pytest.mark.long
def test_a_table_and_a_figure_of_all_conditions(tmp_path, capsys):
    out = tmp_path / "a"
    assert main(["intervene", "--k", "64", *GRID, "--layers", "1,2", "--out", str(out)]) == 0
    *table, at, figure = capsys.readouterr().out.splitlines()
    assert at == f"table: {out / 'interventions.csv'}"
    assert figure == f"figure: {out / 'interventions.png'}"
    assert len(table) == 12
    written = pd.read_csv(out / "interventions.csv")
    assert written["condition"].tolist()[:3] == ["natural", "needle in", "needle out"]
    assert written["layers"].tolist()[:2] == ["all", "1, 2"]
    caption = (out / "interventions.txt").read_text()
    assert "paired difference" in caption
    assert "Task keyed; model lh-passkey" in caption
    assert r"\toprule" in (out / "interventions.tex").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--k", "64,128"], "k must be one value for interventions, got 2"),
        (["--attention", "window:tokens=64"], "setting must be of a method whose entries can be forced"),
        (["--k", "64", "--layers", "0"], "layers must be among those under Lighthouse"),
    ],
)
def test_what_cannot_be_run_is_one_line(options, message, tmp_path, capsys):
    assert main(["intervene", *options, *GRID, "--out", str(tmp_path / "a")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "a").exists()
