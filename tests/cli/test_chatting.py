"""`--chat` wherever prompts are asked: lengths with the template, its text in the run's identity, raw beside chat."""

import json

import pandas as pd
import pytest
from instruct import TEMPLATE, instruct

from lh_eval.cli.app import main
from lh_eval.store.run import read_run

GRID = ["--lengths", "700", "--depths", "50", "--trials", "2", "--device", "cpu"]
NIAH = ["niah", "--task", "niah_single_2", "--attention", "dense", *GRID]


@pytest.fixture
def model(tmp_path):
    return instruct(tmp_path / "model")


def test_the_template_s_text_is_the_run_s_and_another_one_does_not_go_on(model, tmp_path, capsys):
    command = [*NIAH, "--model", model, "--chat", "--system", "Be brief.", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["prompt"]["template"] == TEMPLATE.format(name="")
    assert config["task"] == "chat:of=niah_single_2,system=Be brief."
    assert main(command) == 0, "goes on where nothing is left"
    instruct(tmp_path / "model", name="other")
    capsys.readouterr()
    assert main(command) == 2
    assert "prompt.template" in capsys.readouterr().err


def test_a_suite_puts_each_of_its_tasks_into_the_template(model, tmp_path, capsys):
    suite = tmp_path / "two.toml"
    suite.write_text('[[task]]\ntask = "passkey"\n[[task]]\ntask = "niah_single_2"\n')
    command = ["run", "--suite", str(suite), "--model", model, "--attention", "dense", *GRID]
    assert main([*command, "--chat", "--out", str(tmp_path / "out")]) == 0
    folders = {path.parent.name: read_run(path.parent) for path in (tmp_path / "out").glob("*/config.json")}
    assert {run.config["task"] for run in folders.values()} == {"chat:of=passkey", "chat:of=niah_single_2"}
    for run in folders.values():
        assert run.frame["error"].isna().all()
        assert (run.frame["length"] == 700).all()
    capsys.readouterr()
    assert main([*command, "--thinking", "9", "--out", str(tmp_path / "b")]) == 2
    assert "thinking must be given with --chat" in capsys.readouterr().err
    assert main([*command, "--chat", "--answer-prefix", "none", "--out", str(tmp_path / "b")]) == 2
    assert "prefix must be assistant with passkey" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_raw_and_chat_are_paired_by_what_is_asked(model, tmp_path, capsys):
    for name, more in (("raw", []), ("chat", ["--chat"]), ("bare", ["--chat", "--answer-prefix", "none"])):
        assert main([*NIAH, "--model", model, *more, "--out", str(tmp_path / name)]) == 0
    raw, chat, bare = (pd.read_json(tmp_path / name / "samples.jsonl", lines=True) for name in ("raw", "chat", "bare"))
    assert raw["answer"].tolist() == chat["answer"].tolist() == bare["answer"].tolist()
    assert len({*raw["prompt_sha256"], *chat["prompt_sha256"], *bare["prompt_sha256"]}) == 6
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "raw"), str(tmp_path / "chat")]) == 0
    assert "paired by what is asked" in capsys.readouterr().out
    assert main(["compare", str(tmp_path / "chat"), str(tmp_path / "bare")]) == 0


def test_interventions_ask_in_the_template(model, tmp_path):
    command = ["intervene", "--task", "keyed:records=2", "--k", "32", "--layers", "1", "--model", model, "--chat"]
    assert main([*command, "--lengths", "700", "--depths", "50", "--trials", "1", "--out", str(tmp_path / "out")]) == 0
    configs = list((tmp_path / "out").glob("*/config.json"))
    assert {json.loads(path.read_text())["task"] for path in configs} == {"chat:of=keyed:records=2"}
