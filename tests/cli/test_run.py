import json
import re

import pytest
from asking import tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.cli.app import main

SUITE = """
lengths = [400]
depths = [0, 100]
trials = 1

[[task]]
task = "passkey"

[[task]]
task = "keyed:records=2"
"""


@pytest.fixture
def suite(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(SUITE)
    return str(file)


def test_a_suite_ends_in_one_table(suite, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["run", "--suite", suite, "--k", "64", "--device", "cpu", "--out", str(out), "--label", "mine"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[1] for line in lines if line.strip().startswith("passkey")} == {"mine"}
    shown = [line.split()[:3:2] for line in lines if line.strip().startswith(("passkey", "keyed"))]
    assert shown == [
        ["passkey", "dense"],
        ["passkey", "norm"],
        ["keyed:records=2", "dense"],
        ["keyed:records=2", "norm"],
    ]
    assert lines[-2:] == [f"table: {out / 'table.csv'}", f"table: {out / 'table.tex'}"]
    assert (out / "passkey" / "sweep.pdf").exists()
    assert main(command) == 0  # nothing is left to do

    tables = tmp_path / "tables"
    assert main(["table", str(out), "--out", str(tables)]) == 0
    assert sorted((tables / "table.csv").read_text().splitlines()) == sorted(
        (out / "table.csv").read_text().splitlines()
    )


def test_a_dry_run_estimates_each_task_and_writes_nothing(suite, tmp_path, capsys, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    command = ["run", "--suite", suite, "--k", "64", "--trials", "3", "--device", "cpu", "--dry-run"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[:6:3]] == ["passkey", "keyed:records=2"]
    for dense, lighthouse in (lines[1:3], lines[4:6]):
        assert re.fullmatch(r"  dense     400 [\d.e-]+ s a sample; 6 of each length: .*s", dense)
        assert lighthouse.startswith("  norm-k64  400 ")
    assert re.match(r"at most .* for 24 samples", lines[6])
    assert len(lines) == 7
    assert not list((tmp_path / "empty").iterdir())


def test_a_dry_run_refuses_the_last_task_before_the_first_is_timed(tmp_path, capsys):
    tasks = '[[task]]\ntask = "passkey"\n[[task]]\ntask = "element"\n'
    (tmp_path / "real.toml").write_text(f'lengths = ["3k"]\ndepths = [50]\n{tasks}')
    command = ["run", "--suite", str(tmp_path / "real.toml"), "--device", "cpu", "--dry-run", "--trials", "85"]
    assert main(command) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert "take at most 84 trials" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--suite", "smoek"], "did you mean 'smoke'"),
        (["--suite", "none.toml"], "suite must be a readable TOML file"),
        (["--lengths", "0"], "length must be"),
        (["--attention", "dense", "--k", "64"], "attention must be lighthouse"),
        (["--threshold", "2"], "threshold must be"),
        (["--trials", "0"], "trials must be"),
        (["--until-ci", "5"], "until_ci must be between 0 and 1"),
        (["--max-trials", "20"], "until_ci must be given with max_trials"),
    ],
)
def test_bad_input_is_one_line(options, message, tmp_path, capsys):
    assert main(["run", "--device", "cpu", "--out", str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_beyond_the_models_positions_a_suite_is_refused_or_marked(suite, tmp_path, capsys):
    tiny_llama(max_position_embeddings=256).save_pretrained(tmp_path / "model")
    byte_tokenizer().save_pretrained(tmp_path / "model")
    command = ["run", "--suite", suite, "--model", str(tmp_path / "model"), "--device", "cpu"]
    command += ["--out", str(tmp_path / "out")]
    capsys.readouterr()
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "max_position_embeddings 256, got 400;" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert main([*command, "--beyond-positions"]) == 0
    rows = (tmp_path / "out" / "passkey" / "samples.jsonl").read_text().splitlines()
    assert [json.loads(row)["beyond_positions"] for row in rows] == [True, True]


def test_more_trials_than_a_task_has_are_refused(tmp_path, capsys):
    tasks = '[[task]]\ntask = "passkey"\n[[task]]\ntask = "element"\n'
    (tmp_path / "real.toml").write_text(f'lengths = ["3k"]\ndepths = [50]\n{tasks}')
    command = ["run", "--suite", str(tmp_path / "real.toml"), "--device", "cpu", "--out", str(tmp_path / "out")]
    assert main([*command, "--trials", "85"]) == 2
    error = capsys.readouterr().err
    assert "as many questions as Element has, got 84; take at most 84 trials" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_table_of_nothing_is_refused(tmp_path, capsys):
    assert main(["table", str(tmp_path)]) == 2
    assert "run must be a folder with runs" in capsys.readouterr().err
