"""The script that trains and evaluates the grid leaves a folder that the tables are made of."""

import json
from subprocess import CompletedProcess

import pytest
import train_grid
from grid_trainings import read_grid
from tiny_training import TINY

from lh_eval.cli.app import main
from lh_eval.training.recipe.config import TrainingConfig


def _toml(values):
    """TOML of plain values, tables last."""
    lines = [f"{name} = {_inline(value)}" for name, value in values.items()]
    return "\n".join(lines)


def _inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Commands are run in this process and noted; two tiny recipes lie in the working folder."""
    made = []

    def run(command, *, check):
        assert command[1:3] == ["-m", "lh_eval"]
        made.append(command[3:])
        return CompletedProcess(command, main(command[3:]))

    monkeypatch.setattr(train_grid.subprocess, "run", run)
    monkeypatch.chdir(tmp_path)
    dense = {**TINY, "stages": [{"steps": 6, "attention": "dense"}], "name": "grid-dense"}
    (tmp_path / "dense.toml").write_text(_toml(dense))
    (tmp_path / "norm.toml").write_text(_toml({**TINY, "name": "grid-norm-k16"}))
    return made


def test_the_folder_is_a_grid_and_a_second_call_trains_nothing(calls, tmp_path):
    grid = tmp_path / "grid"
    arguments = [str(grid), "--recipes", "dense.toml,norm.toml", "--seeds", "3", "--tasks", "passkey"]
    train_grid.main([*arguments, "--lengths", "256", "--trials", "1"])
    assert [command[0] for command in calls] == ["train", "niah", "train", "niah"]
    dense, sparse = read_grid(grid)
    assert (dense.recipe.scorer, sparse.recipe.scorer, sparse.seed) == (None, "norm", 3)
    assert set(dense.runs) == {("passkey", "dense")}
    assert set(sparse.runs) == {("passkey", "dense"), ("passkey", "lighthouse")}
    before = {file: file.read_bytes() for file in grid.rglob("*.jsonl")}
    train_grid.main([*arguments, "--lengths", "256", "--trials", "1"])
    assert {file: file.read_bytes() for file in grid.rglob("*.jsonl")} == before


def test_a_command_that_fails_ends_it(calls, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        train_grid.main([str(tmp_path / "grid"), "--recipes", "dense.toml", "--seeds", "0", "--tasks", "passkees"])
    assert stopped.value.code == 2
    assert [command[0] for command in calls] == ["train", "niah"]


def test_a_recipe_that_there_is_not_is_one_line(calls, tmp_path):
    with pytest.raises(SystemExit, match=r"^train_grid.py: error: .*did you mean 'grid-dense'"):
        train_grid.main([str(tmp_path / "grid"), "--recipes", "grid-dens"])
    assert not calls


def test_its_recipes_are_the_shipped_ones():
    assert all(TrainingConfig.find(name).name == name for name in train_grid.RECIPES.split(","))
