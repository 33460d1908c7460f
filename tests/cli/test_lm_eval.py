import functools
import json
import sys

import lm_eval.tasks
import pytest

from lh_eval.cli.app import main


@pytest.fixture(autouse=True)
def own_tasks_only(monkeypatch):
    """Without lm-eval's own tasks, whose index takes seconds."""
    manager = functools.partial(lm_eval.tasks.TaskManager, include_defaults=False)
    monkeypatch.setattr(lm_eval.tasks, "TaskManager", manager)


def test_help_is_lm_evals(capsys):
    with pytest.raises(SystemExit) as end:
        main(["lm-eval", "run", "--help"])
    assert end.value.code == 0
    assert "usage: lm-eval run" in capsys.readouterr().out


def test_a_run_with_our_model_and_tasks_beside_ones_own(tmp_path, monkeypatch, capsys):
    own = tmp_path / "own"
    own.mkdir()
    assert main(["tasks", "--lm-eval-path"]) == 0
    base = capsys.readouterr().out.strip() + "/_choice"
    (own / "mine.yaml").write_text(f"include: {base}\ntask: lh_mine\nmetadata:\n  lh_task: keyed:records=2\n")
    before = list(sys.argv)
    arguments = ["lm-eval", "run", "--model", "lighthouse", "--model_args", "k=64", "--device", "cpu"]
    arguments += ["--tasks", "lh_passkey,lh_mine", "--include_path", str(own), "--log_samples"]
    arguments += [
        "--output_path",
        str(tmp_path / "out"),
        "--metadata",
        '{"lengths": [256], "depths": [0], "trials": 2}',
    ]
    assert main(arguments) == 0
    assert sys.argv == before
    assert "|lh_passkey|" in capsys.readouterr().out
    (results,) = (tmp_path / "out").rglob("results_*.json")
    assert json.loads(results.read_text())["results"].keys() == {"lh_passkey", "lh_mine"}
    (samples,) = (tmp_path / "out").rglob("samples_lh_passkey_*.jsonl")
    docs = [json.loads(line)["doc"] for line in samples.read_text().splitlines()]
    assert [(doc["length"], doc["depth"], doc["trial"]) for doc in docs] == [(256, 0.0, 0), (256, 0.0, 1)]


def test_bad_model_argument_is_one_line(capfd):
    arguments = ["lm-eval", "run", "--model", "lighthouse", "--model_args", "k=63", "--tasks", "lh_passkey"]
    assert main([*arguments, "--device", "cpu"]) == 2
    assert "lh-eval: error: k must be even" in capfd.readouterr().err


def test_a_sweep_is_one_line(capfd):
    arguments = ["lm-eval", "run", "--model", "lighthouse", "--model_args", "k=[64,128]", "--tasks", "lh_passkey"]
    assert main([*arguments, "--device", "cpu"]) == 2
    assert "lh-eval: error: attention must be one setting, got norm-k64, norm-k128;" in capfd.readouterr().err


def test_an_unknown_task_is_one_line(capfd):
    arguments = ["lm-eval", "run", "--model", "lighthouse", "--tasks", "lh_nope"]
    assert main([*arguments, "--device", "cpu"]) == 2
    assert "lh-eval: error: tasks must be names that lm-eval has, got lh_nope" in capfd.readouterr().err


def test_options_that_lm_eval_cannot_read_are_one_line(capfd):
    assert main(["lm-eval", "run", "--model", "lighthouse", "--tasks", "lh_passkey", "--metadata", "{bad"]) == 2
    assert "lh-eval: error: lm-eval's options must be such as it can read, got an error: Invalid JSON" in (
        capfd.readouterr().err
    )
