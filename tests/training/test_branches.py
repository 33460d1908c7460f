"""Branches: bit for bit the training that was never cut in two, and alike in what they see."""

import json

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_training import TINY

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError
from lh_eval.store.files import read_json
from lh_eval.training.batches import Batches
from lh_eval.training.loop import Pace, train
from lh_eval.training.recipe.config import TrainingConfig
from lh_eval.training.trunk import read_trunk

PACE = Pace(log_every=1, save_every=100, workers=0)
WSD = {"schedule": "wsd", "warmup_steps": 2}
TRUNK = {
    **TINY,
    "name": "trunk",
    "phases": [{**TINY["phases"][0], "steps": 4}],
    "stages": [{"steps": 4, "attention": "dense"}],
    "optimizer": WSD,
    "keep_state": True,
}
BRANCH = {
    **TINY,
    "name": "branch",
    "seed": 5,  # the trunk's counts
    "phases": [{**TINY["phases"][1], "steps": 4}],
    "stages": [{"steps": 2, "attention": "lighthouse"}, {"steps": 2, "attention": "dense"}],
    "optimizer": {**WSD, "decay_steps": 2},
    "keep": {"lighthouse": 2, "dense-1": 3},
}


def made(values, **changes):
    return TrainingConfig.from_dict({**values, **changes})


def same_weights(left, right):
    left, right = (load_file(folder / "model.safetensors") for folder in (left, right))
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture(scope="module")
def trunk(tmp_path_factory):
    path = tmp_path_factory.mktemp("trunk")
    train(made(TRUNK), path, pace=PACE)
    return path


@pytest.fixture(scope="module")
def branch(trunk, tmp_path_factory):
    path = tmp_path_factory.mktemp("branch")
    train(made(BRANCH), path, pace=PACE, trunk=trunk)
    return path


def test_a_branch_is_the_training_that_was_never_cut(trunk, branch, tmp_path):
    uncut = made(
        BRANCH,
        seed=0,
        keep={},
        phases=[*TRUNK["phases"], *BRANCH["phases"]],
        stages=[*TRUNK["stages"], *BRANCH["stages"]],
    )
    whole = train(uncut, tmp_path, pace=PACE)
    assert same_weights(whole, branch / "checkpoint")
    left, right = (pd.read_csv(folder / "loss.csv").drop(columns=["seconds", "tokens_per_second"])
                   for folder in (tmp_path, branch))  # fmt: skip
    assert left[left["step"] > 4].reset_index(drop=True).equals(right)


def test_branches_of_one_trunk_see_the_same_data(trunk):
    configs = [read_trunk(trunk).branch(made(BRANCH, **change)) for change in ({}, {"lighthouse": {"k": 32}})]
    assert configs[0].seed == 0
    for step in (0, 4, 7):
        left, right = (Batches(config)[step] for config in configs)
        assert (left.ids == right.ids).all()
        assert (Batches(made(TRUNK))[0].ids == Batches(configs[0])[0].ids).all()


def test_a_branch_says_where_it_starts_and_keeps_checkpoints(trunk, branch):
    trained = read_json(branch / "train.json")
    assert trained["trunk"]["steps"] == 4
    assert trained["trunk"]["config"] == json.loads((trunk / "train.json").read_text())
    assert trained["trunk"]["weights_sha256"] == read_trunk(trunk).weights_sha256
    assert {path.name for path in (branch / "checkpoints").iterdir()} == {"lighthouse", "dense-1"}
    settings = CheckpointSettings.read(branch / "checkpoints" / "lighthouse")
    assert (settings.config.k, settings.training["step"]) == (16, 6)
    kept = load_checkpoint(str(branch / "checkpoints" / "lighthouse"), device="cpu")
    assert kept.name == f"{branch.name}-lighthouse"
    assert kept.dtype == "float32"
    assert not (branch / "state").exists()
    assert (trunk / "state").exists()


def test_kept_weights_are_those_of_a_training_that_ends_there(trunk, branch, tmp_path):
    phases, stages = [{**BRANCH["phases"][0], "steps": 2}], BRANCH["stages"][:1]
    short = made(BRANCH, phases=phases, stages=stages, keep={}, optimizer=WSD)
    assert same_weights(train(short, tmp_path, pace=PACE, trunk=trunk), branch / "checkpoints" / "lighthouse")


def test_kept_files_are_small(trunk, tmp_path, monkeypatch):
    monkeypatch.setattr("lh_eval.training.folder._SHARD", 20_000)
    train(made(BRANCH), tmp_path, pace=PACE, trunk=trunk)
    kept = tmp_path / "checkpoints" / "lighthouse"
    assert len(list(kept.glob("*.safetensors"))) > 1
    assert load_checkpoint(str(kept), device="cpu").file_sha256


def test_a_killed_branch_ends_in_the_same_weights(trunk, branch, tmp_path):
    assert train(made(BRANCH), tmp_path, pace=Pace(log_every=1, workers=0, max_steps=1), trunk=trunk) is None
    assert train(made(BRANCH), tmp_path, pace=Pace(log_every=1, workers=0, max_steps=2), trunk=trunk) is None
    train(made(BRANCH), tmp_path, pace=PACE, trunk=trunk)
    for name in ("checkpoint", "checkpoints/lighthouse", "checkpoints/dense-1"):
        assert same_weights(tmp_path / name, branch / name)
    assert pd.read_csv(tmp_path / "loss.csv")["step"].tolist() == [5, 6, 7, 8]


def test_a_branch_of_a_branch(trunk, branch, tmp_path):
    first = {**BRANCH, "phases": [{**BRANCH["phases"][0], "steps": 2}], "stages": BRANCH["stages"][:1], "keep": {}}
    train(made(first, optimizer=WSD, keep_state=True), tmp_path / "first", pace=PACE, trunk=trunk)
    second = made(first, stages=BRANCH["stages"][1:], optimizer=BRANCH["optimizer"])
    train(second, tmp_path / "second", pace=PACE, trunk=tmp_path / "first")
    assert same_weights(tmp_path / "second" / "checkpoint", branch / "checkpoint")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {**TINY["model"], "hidden_size": 64}}, "model must be the trunk's"),
        ({"precision": "bf16"}, "precision must be the trunk's 'no', got 'bf16'; extend its"),
        ({"optimizer": {**WSD, "weight_decay": 0.0}}, "weight_decay must be the trunk's 0.1, got 0.0"),
    ],
)
def test_a_branch_of_another_kind_is_refused(trunk, tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        train(made(BRANCH, **change), tmp_path / "out", pace=PACE, trunk=trunk)
    assert not (tmp_path / "out").exists()


def test_what_kept_no_state_is_no_trunk(branch, tmp_path):
    with pytest.raises(InputError, match=r"from must be a finished training .*keep_state = true"):
        train(made(BRANCH), tmp_path / "out", pace=PACE, trunk=branch)


GATED = {
    **TRUNK,
    "phases": [
        {**TINY["phases"][0], "steps": 30, "gate": {"below": {"keyed": 20.0}, "window": 3}},
        {**TINY["phases"][0], "steps": 4, "gate": {"below": {"keyed": 0.01}, "window": 3}},
    ],
    "stages": [{"steps": 34, "attention": "dense"}],
}


def test_a_phase_ends_at_its_gate_and_at_its_steps_at_the_latest(tmp_path):
    train(made(GATED), tmp_path / "whole", pace=PACE)
    over = read_json(tmp_path / "whole" / "gates.json")["over"]
    assert [(one["phase"], one["steps"], one["passed"]) for one in over] == [(0, 3, True), (1, 4, False)]
    assert over[0]["losses"]["keyed"] < 20
    assert pd.read_csv(tmp_path / "whole" / "loss.csv")["step"].tolist() == list(range(1, 8))
    with pytest.raises(InputError, match=r"from must be through its gates, got .* whose phase 1 was not after 4 steps"):
        train(made(BRANCH), tmp_path / "out", pace=PACE, trunk=tmp_path / "whole")
    # killed at each of its steps
    while train(made(GATED), tmp_path / "cut", pace=Pace(log_every=1, workers=0, max_steps=1)) is None:
        pass
    assert read_json(tmp_path / "cut" / "gates.json")["over"] == over
    assert same_weights(tmp_path / "whole" / "checkpoint", tmp_path / "cut" / "checkpoint")
    assert train(made(GATED), tmp_path / "cut", pace=PACE) == tmp_path / "cut" / "checkpoint"


def test_a_branch_goes_on_from_where_the_gate_was(tmp_path):
    train(made(GATED, phases=GATED["phases"][:1], stages=[{"steps": 30, "attention": "dense"}]), tmp_path / "trunk",
          pace=PACE)  # fmt: skip
    train(made(BRANCH), tmp_path / "branch", pace=PACE, trunk=tmp_path / "trunk")
    assert pd.read_csv(tmp_path / "branch" / "loss.csv")["step"].tolist() == [4, 5, 6, 7]


def test_a_train_json_of_before_there_were_branches_is_gone_on_with(tmp_path):
    train(made(TINY), tmp_path, pace=Pace(log_every=1, workers=0, max_steps=2))
    trained = read_json(tmp_path / "train.json")
    assert not trained.keys() & {"keep", "keep_state", "trunk"}
    assert not trained["optimizer"].keys() & {"schedule", "decay_steps"}
    assert all("gate" not in phase for phase in trained["phases"])
    trained["lighthouse"].pop("cover_prefix")  # as if it had come later
    (tmp_path / "train.json").write_text(json.dumps(trained))
    assert train(made(TINY), tmp_path, pace=PACE) == tmp_path / "checkpoint"
