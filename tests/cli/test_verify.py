import json

import pytest

from lh_eval.cli.app import main
from lh_eval.store.folder import RunFolder

CONFIG = {"task": "no_such_task", "seed": 0, "lengths": [4096], "depths": [50.0], "trials": 2, "attention": None}


@pytest.fixture
def folder(tmp_path, make_row):
    from lh_eval.analysis.cells import metrics_of

    path = tmp_path / "run"
    with RunFolder.open(path, CONFIG) as run:
        for trial in range(2):
            run.append(make_row(task="no_such_task", trial=trial))
        run.finish(metrics_of(run.as_run()))
    return path


def test_a_run_that_is_what_it_says_passes_with_what_could_not_be_looked_at(folder, capsys):
    assert main(["verify", str(folder)]) == 0
    note, summary = capsys.readouterr().out.splitlines()
    assert note.startswith(f"{folder}: note: prompts were not made again: its tokenizer is not at hand")
    assert summary == "verified: 1 runs, 2 rows, 0 prompts made again; 0 findings"


def test_a_finding_is_a_line_with_file_and_row_and_in_the_json(folder, capsys):
    file = folder / "samples.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"score": 1.0', b'"score": 0.0', 1))
    assert main(["verify", str(folder), "--json", str(folder.parent / "found.json")]) == 1
    out = capsys.readouterr().out.splitlines()
    assert f"{file}:1: score must be 1 for '7' by 'choice' (7), got 0" in out
    assert any(line.startswith(f"{file}:1: digest does not follow") for line in out)
    assert any(line.startswith(f"{folder / 'metrics.json'}: mean_rate must be 0.5, got 1.0") for line in out)
    values = json.loads((folder.parent / "found.json").read_text())
    assert not values["ok"]
    assert {one["line"] for one in values["folders"][0]["findings"]} == {1, None}


def test_an_unfinished_run_passes_and_is_said_to_be(folder, capsys):
    file = folder / "samples.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    (folder / "metrics.json").unlink()
    assert main(["verify", str(folder)]) == 0
    assert f"{folder}: note: unfinished: 1 of 2 samples" in capsys.readouterr().out


def test_metrics_of_before_a_kill_pass_and_others_do_not(folder, capsys):
    with RunFolder.open(folder.parent / "killed", CONFIG) as run:
        for row in RunFolder.open(folder, CONFIG).rows():
            run.append(row)
            if row.trial == 0:
                from lh_eval.analysis.cells import metrics_of

                run.finish(metrics_of(run.as_run()))
    assert main(["verify", str(folder.parent / "killed")]) == 0
    assert "metrics.json is of the first 1 rows" in capsys.readouterr().out


def test_what_holds_no_run_is_refused(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 2
    assert "run must be a folder with runs" in capsys.readouterr().err
    assert main(["verify", str(tmp_path), "--model", str(tmp_path / "none")]) == 2


def test_the_other_readers_refuse_what_it_finds_in_the_rows(folder, capsys):
    file = folder / "samples.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"score": 1.0', b'"score": 0.0', 1))
    for command in (["table"], ["report"], ["heatmap"], ["compare", str(folder)], ["rescore"]):
        assert main([*command, str(folder)]) == 2
        assert f"{file} line 1: digest does not follow" in capsys.readouterr().err
