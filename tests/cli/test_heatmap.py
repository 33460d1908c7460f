import hashlib

import pytest
import typer
from typer.testing import CliRunner

from lh_eval import InputError
from lh_eval.cli.heatmap import heatmap
from lh_eval.store.folder import RunFolder
from lh_eval.store.rows import Row


@pytest.fixture
def make_run(tmp_path):
    def make(name, attention=None, **config):
        row = {
            "task": "passkey", "length": 1024, "depth": 0.0, "true_depth": 0.0, "seed": 0, "needle_start": 0,
            "needle_end": 9, "context_tokens": 1000, "prompt_sha256": "00", "answer": "1", "prediction": "1",
            "score": 1.0, "selection_recall": None, "seconds": 0.1,
        }  # fmt: skip
        with RunFolder.open(tmp_path / name, {"attention": attention} | config) as run:
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
    expected = [run / f"heatmap.{kind}" for run in runs for kind in ("png", "pdf", "txt")]
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
    assert sorted(file.name for file in (tmp_path / "new/figures").iterdir()) == ["a.pdf", "a.png", "a.txt"]
    assert not (run / "heatmap.png").exists()
    result = call(run, "--width", "triple")
    assert isinstance(result.exception, InputError)
    assert call(run, "--out", tmp_path / "x", "--width", "4.5", "--format", "svg").exit_code == 0
    assert 'width="324pt"' in (tmp_path / "x/a.svg").read_text()


def test_two_runs_of_one_name_do_not_overwrite_each_other(make_run, tmp_path):
    result = call(make_run("x/a"), make_run("y/a"), "--out", tmp_path / "f")
    assert isinstance(result.exception, InputError)
    assert "'a' twice" in str(result.exception)
    assert not (tmp_path / "f").exists()


def test_a_folder_that_is_no_run_is_named(tmp_path):
    result = call(tmp_path / "absent")
    assert isinstance(result.exception, InputError)
    assert "absent" in str(result.exception)


def test_one_figure_may_be_named_and_its_suffix_is_the_format(make_run, tmp_path):
    run = make_run("a")
    result = call(run, "--kind", "length", "--palette", "gray", "--out", tmp_path / "paper" / "fig.1.pdf")
    assert result.exit_code == 0, result.exception
    assert sorted(file.name for file in (tmp_path / "paper").iterdir()) == ["fig.1.pdf", "fig.1.txt"]
    result = call(run, make_run("b", model="other"), "--out", tmp_path / "two.pdf")
    assert result.output.split() == [str(tmp_path / "two.pdf"), str(tmp_path / "two.txt")]
    assert "models unnamed, other; " in (tmp_path / "two.txt").read_text()


def test_kinds_have_names_of_their_own(make_run, tmp_path):
    run = make_run("a")
    assert call(run, "--kind", "latency", "--out", tmp_path / "f", "--format", "png").exit_code == 0
    assert call(run, "--kind", "latency", "--format", "png").exit_code == 0
    assert sorted(file.name for file in (tmp_path / "f").iterdir()) == ["a-latency.png", "a-latency.txt"]
    assert (run / "latency.png").exists()


def test_trainings_are_drawn_together(make_run, tmp_path):
    runs = [make_run(f"norm-s{seed}/dense") for seed in (0, 1)]
    result = call(*runs, "--kind", "spread", "--format", "png", "--out", tmp_path / "f")
    assert result.exit_code == 0, result.exception
    assert sorted(file.name for file in (tmp_path / "f").iterdir()) == ["spread.png", "spread.txt"]
    assert call(*runs, "--kind", "seeds", "--out", tmp_path / "one.svg").output.split() == [
        str(tmp_path / "one.svg"),
        str(tmp_path / "one.txt"),
    ]


def test_a_bench_is_for_latency_alone(make_run):
    result = call(make_run("a"), "--bench", "operator.csv")
    assert "bench must be given for --kind latency, got it for heatmap" in str(result.exception)


def test_latex_that_is_missing_is_one_line(make_run, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    result = call(make_run("a"), "--latex")
    assert isinstance(result.exception, InputError)
    assert "latex must be installed for --latex" in str(result.exception)
