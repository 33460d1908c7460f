"""The study that trains and evaluates the grid leaves a folder that the tables are made of."""

import re
from subprocess import CompletedProcess

import pytest
from tiny_training import TINY, to_toml

from lh_eval.cli.app import main
from lh_eval.studies.command import run
from lh_eval.studies.grid.trainings import read_grid
from lh_eval.studies.train_grid import RECIPES, train_grid
from lh_eval.training.recipe.config import TrainingConfig

pytestmark = pytest.mark.long


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Commands are run in this process and noted; two tiny recipes lie in the working folder."""
    made = []

    def run_here(command, *, check):
        assert command[1:3] == ["-m", "lh_eval"]
        made.append(command[3:])
        return CompletedProcess(command, main(command[3:]))

    monkeypatch.setattr("lh_eval.studies.train_grid.subprocess.run", run_here)
    monkeypatch.chdir(tmp_path)
    dense = {**TINY, "stages": [{"steps": 6, "attention": "dense"}], "name": "grid-dense"}
    (tmp_path / "dense.toml").write_text(to_toml(dense))
    (tmp_path / "norm.toml").write_text(to_toml({**TINY, "name": "grid-norm-k16"}))
    return made


def test_the_folder_is_a_grid_and_a_second_call_trains_nothing(calls, tmp_path):
    grid = tmp_path / "grid"
    options = {"recipes": "dense.toml,norm.toml", "seeds": "3", "tasks": "passkey", "lengths": "256", "trials": 1}
    train_grid(grid, **options)
    assert [command[0] for command in calls] == ["train", "niah", "train", "niah"]
    found = read_grid(grid)
    assert found.trainings[["scorer", "seed"]].to_numpy().tolist() == [["dense", 3], ["norm", 3]]
    assert set(found.samples) == {(0, "passkey", "dense"), (1, "passkey", "dense"), (1, "passkey", "lighthouse")}
    before = {file: file.read_bytes() for file in grid.rglob("*.jsonl")}
    train_grid(grid, **options)
    assert {file: file.read_bytes() for file in grid.rglob("*.jsonl")} == before


def test_a_command_that_fails_ends_it(calls, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(train_grid, [str(tmp_path / "grid"), "--recipes", "dense.toml", "--seeds", "0", "--tasks", "passkees"])
    assert stopped.value.code == 2
    assert [command[0] for command in calls] == ["train", "niah"]


def test_a_recipe_that_there_is_not_is_one_line(calls, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(train_grid, [str(tmp_path / "grid"), "--recipes", "grid-dens"])
    assert re.fullmatch("train-grid: error: .*did you mean 'grid-dense'.*\n", capsys.readouterr().err)
    assert not calls


def test_its_recipes_are_the_shipped_ones():
    assert all(TrainingConfig.find(name).name == name for name in RECIPES.split(","))
