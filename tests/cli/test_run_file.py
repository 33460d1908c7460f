"""`lh-eval niah --config run.toml`: the file beside a run makes the same run."""

import json
import tomllib

import pytest
import tqdm

from lh_eval.cli.app import main
from lh_eval.cli.run_file import write_run_file

GRID = ["--attention", "dense", "--lengths", "256", "--depths", "50", "--trials", "1", "--device", "cpu"]


def _rows(folder):
    rows = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    return [(row["prompt_sha256"], row["prediction"], row["seed"]) for row in rows]


def test_the_file_of_a_run_makes_it_again_and_the_command_line_goes_before_it(tmp_path):
    first, second, third = (tmp_path / name for name in "abc")
    assert main(["niah", *GRID, "--seed", "3", "--out", str(first)]) == 0
    file = first / "run.toml"
    written = file.read_bytes()
    assert b'attention = ["dense"]' in written
    assert str(tmp_path).encode() not in written
    assert main(["niah", "--config", str(file), "--out", str(second)]) == 0
    assert _rows(second) == _rows(first)
    assert (second / "run.toml").read_bytes() == written
    assert main(["niah", "--config", str(file), "--seed", "4", "--out", str(third)]) == 0
    assert [row[2] for row in _rows(third)] == [4]
    assert main(["niah", "--config", str(file), "--out", str(first)]) == 0  # gone on with: nothing to do


def test_the_bar_counts_tokens_and_ends_where_it_said(tmp_path, monkeypatch, capsys):
    bars = []
    monkeypatch.setattr("lh_eval.runs.run.tqdm", lambda **options: bars.append(tqdm.tqdm(**options)) or bars[-1])
    grid = [
        "--attention",
        "dense",
        "--depths",
        "0,50",
        "--trials",
        "1",
        "--device",
        "cpu",
        "--out",
        str(tmp_path / "a"),
    ]
    assert main(["niah", *grid, "--lengths", "256,512"]) == 0
    assert [(bar.n, bar.total) for bar in bars] == [(1536, 1536)]
    assert main(["niah", *grid, "--lengths", "256,512"]) == 0  # all of it is there
    assert [(bar.initial, bar.n) for bar in bars[1:]] in ([], [(1536, 1536)])
    capsys.readouterr()
    assert main(["table", str(tmp_path / "a"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["setting"], row["n"]) == ("dense", 4)
    assert {"256", "512"} <= row.keys()


def test_a_file_that_says_something_else_is_one_line(tmp_path, capsys):
    for text, message in (
        ("lenghts = '4k'", "did you mean 'lengths'?"),
        ("k = ", "config must be a readable TOML file"),
    ):
        (tmp_path / "x.toml").write_text(text)
        assert main(["niah", "--config", str(tmp_path / "x.toml")]) == 2
        assert message in capsys.readouterr().err
    assert main(["niah", "--config", str(tmp_path / "absent.toml")]) == 2
    assert "config must be a readable TOML file" in capsys.readouterr().err


def test_any_text_is_read_as_it_was_written_and_code_is_not_trusted_by_a_file(tmp_path):
    values = {"haystack": 'a "b" \\ \n \U0001f600.txt', "until_ci": 0.05, "dense_layers": ["0,-1"], "k": None}
    write_run_file(tmp_path, values | {"trust_remote_code": True, "out": "x"})
    read = tomllib.loads((tmp_path / "run.toml").read_text(encoding="utf-8"))
    assert read == {"haystack": values["haystack"], "until-ci": 0.05, "dense-layers": ["0,-1"]}


@pytest.mark.long
def test_run_and_intervene_write_theirs_and_plan_reads_one(tmp_path, capsys):
    grid = ["--lengths", "512", "--depths", "50", "--trials", "1", "--device", "cpu", "--quiet"]
    for name, options in (("run", ["--suite", "smoke", "--attention", "dense"]), ("intervene", ["--k", "64"])):
        out = tmp_path / name
        assert main([name, *options, *grid, "--out", str(out)]) == 0
        read = tomllib.loads((out / "run.toml").read_text(encoding="utf-8"))
        assert read["lengths"] == "512"
        assert read.keys() >= {options[0].removeprefix("--"), "trials", "depths"}
        assert read.keys().isdisjoint({"out", "quiet", "config"})
        assert main([name, "--config", str(out / "run.toml"), "--out", str(out)]) == 0  # the same: nothing to do
    capsys.readouterr()
    (tmp_path / "plan.toml").write_text("detect = 0.04\npower = 0.9\n")
    assert main(["plan", "--config", str(tmp_path / "plan.toml"), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["detect"], values["power"], values["least_pairs"]) == (0.04, 0.9, 6)
    assert main(["plan", "--detect", "0.04", "--power", "0.9"]) == 0
    said = capsys.readouterr().out
    assert f"{values['same']:,}" in said
    assert all(f"{pair['t_test']} pairs for the t-test, {pair['sign_flips']}" in said for pair in values["pairs"])
