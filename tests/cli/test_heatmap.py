import hashlib

import pytest
import typer
from typer.testing import CliRunner

from lh_eval import InputError
from lh_eval.cli.heatmap import heatmap
from lh_eval.results.folder import RunFolder
from lh_eval.results.rows import Row


@pytest.fixture
def make_run(tmp_path):
    def make(name, attention=None):
        row = {
            "task": "passkey", "length": 1024, "depth": 0.0, "true_depth": 0.0, "seed": 0, "needle_start": 0,
            "needle_end": 9, "context_tokens": 1000, "prompt_sha256": "00", "answer": "1", "prediction": "1",
            "score": 1.0, "selection_recall": None, "seconds": 0.1,
        }  # fmt: skip
        with RunFolder.open(tmp_path / name, {"attention": attention}) as run:
            for trial in range(3):
                run.append(Row(trial=trial, **row))
        return tmp_path / name

    return make


def call(*arguments):
    app = typer.Typer()
    app.command()(heatmap)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_figures_are_drawn_beside_the_rows_and_named(make_run):
    runs = [make_run("a"), make_run("b")]
    result = call(*runs)
    assert result.exit_code == 0, result.output
    expected = [run / f"heatmap.{kind}" for run in runs for kind in ("png", "pdf")]
    assert result.output.splitlines() == [str(file) for file in expected]
    assert all(file.stat().st_size for file in expected)


def test_redrawing_gives_the_same_bytes_and_leaves_the_rest_alone(make_run):
    run = make_run("a")
    call(run)
    before = {file.name: hashlib.sha256(file.read_bytes()).digest() for file in run.iterdir()}
    call(run)
    assert {file.name: hashlib.sha256(file.read_bytes()).digest() for file in run.iterdir()} == before


def test_a_sweep_folder_gets_the_sweep_figure(make_run, tmp_path):
    make_run("s/dense")
    make_run("s/norm-k512", {"k": 512, "scorer": "norm"})
    assert call(tmp_path / "s").exit_code == 0
    assert (tmp_path / "s/sweep.png").exists()
    assert not (tmp_path / "s/dense/heatmap.png").exists()


def test_out_and_width(make_run, tmp_path):
    run = make_run("a")
    assert call(run, "--out", tmp_path / "new" / "figures", "--width", "double").exit_code == 0
    assert sorted(file.name for file in (tmp_path / "new/figures").iterdir()) == ["a.pdf", "a.png"]
    assert not (run / "heatmap.png").exists()
    assert call(run, "--width", "triple").exit_code == 2


def test_two_runs_of_one_name_do_not_overwrite_each_other(make_run, tmp_path):
    result = call(make_run("x/a"), make_run("y/a"), "--out", tmp_path / "f")
    assert isinstance(result.exception, InputError)
    assert "'a' twice" in str(result.exception)
    assert not (tmp_path / "f").exists()


def test_a_folder_that_is_no_run_is_named(tmp_path):
    result = call(tmp_path / "absent")
    assert isinstance(result.exception, InputError)
    assert "absent" in str(result.exception)
