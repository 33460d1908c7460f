"""Interventions as a sweep: a folder a condition, resumed, by layer on request."""

import pytest

from lh_eval import load_checkpoint
from lh_eval.errors import InputError
from lh_eval.runs.grid import Grid
from lh_eval.runs.intervene import CONDITIONS, intervene
from lh_eval.runs.setting import Setting
from lh_eval.store.sweep import read_sweep

GRID = Grid(task="keyed", lengths=(512,), depths=(50,), trials=1)
SMALL = "lighthouse:k=64"


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


def test_every_condition_is_a_run_of_the_same_prompts(checkpoint, tmp_path):
    finished = intervene(checkpoint, GRID, SMALL, tmp_path / "a")
    assert finished.failed == 0
    runs = read_sweep(tmp_path / "a").runs
    assert len(runs) == 1 + len(CONDITIONS) == 11
    assert {"norm-k64", "norm-k64-needle_in-question_out", "norm-k64-sham_out"} < runs.keys()
    assert len({run.frame["prompt_sha256"][0] for run in runs.values()}) == 1
    held = {name: run.frame["question_recall"][0] for name, run in runs.items()}
    assert (held["norm-k64-question_in"], held["norm-k64-question_out"]) == (1, 0)
    assert runs["norm-k64-needle_in"].config["attention"]["needle"] == "in"
    lines = (tmp_path / "a" / "norm-k64-needle_in" / "samples.jsonl").read_bytes()
    intervene(checkpoint, GRID, SMALL, tmp_path / "a")
    assert (tmp_path / "a" / "norm-k64-needle_in" / "samples.jsonl").read_bytes() == lines


def test_layers_one_by_one(checkpoint, tmp_path):
    conditions = [{"question": "out"}]
    intervene(checkpoint, GRID, SMALL, tmp_path / "a", conditions=conditions, by_layer=True)
    runs = read_sweep(tmp_path / "a").runs
    forced = [run for run in runs.values() if "layers" in run.config["attention"]]
    under = {layer for run in forced for layer in run.config["attention"]["layers"]}
    assert len(forced) == len(under) > 1
    assert [len(run.config["attention"]["layers"]) for run in forced] == [1] * len(under)


def test_what_has_no_entries_to_force_is_refused(checkpoint, tmp_path):
    with pytest.raises(InputError, match="setting must be of a method whose entries can be forced"):
        intervene(checkpoint, GRID, "window:tokens=64", tmp_path / "a")
    with pytest.raises(InputError, match="reading must be prompt for interventions"):
        intervene(checkpoint, GRID, Setting(SMALL, "context"), tmp_path / "a")
    with pytest.raises(InputError, match="conditions must be at least one"):
        intervene(checkpoint, GRID, SMALL, tmp_path / "a", conditions=[])
    with pytest.raises(InputError, match="layers must be among those under Lighthouse"):
        intervene(checkpoint, GRID, SMALL, tmp_path / "a", layers=[0])
