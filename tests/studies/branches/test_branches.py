"""The experiment from end to end, tiny: trained, evaluated, read back, and gone on with."""

import shutil

import pandas as pd
import pytest
from tiny_training import TINY, to_toml

from lh_eval.studies.branches.__main__ import branches
from lh_eval.studies.branches.evaluating import Samples
from lh_eval.studies.branches.outcomes import _task_name
from lh_eval.studies.branches.tables import tables
from lh_eval.studies.branches.training import Recipes
from lh_eval.studies.command import run
from lh_eval.tasks.base import canonical_task
from lh_eval.training.recipe.branch import branch_of
from lh_eval.training.recipe.config import TrainingConfig

WSD = {"schedule": "wsd", "warmup_steps": 1}
PHASE = {"steps": 2, "length": 256, "tokens_per_step": 512, "mix": {"copy": 1, "keyed": 2, "passkey": 1}}


def _recipe(path, **values):
    model = {**TINY["model"], "max_position_embeddings": 2048}
    values = {**TINY, "model": model, "optimizer": WSD, "phases": [PHASE], **values}
    path.write_text(to_toml(values))
    return str(path)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """Of a tiny experiment."""
    folder = tmp_path_factory.mktemp("recipes")
    gated = {**PHASE, "gate": {"below": {"keyed": 20.0}, "window": 1}}
    under = [{"steps": 2, "attention": "lighthouse"}]
    dense = [{"steps": 2, "attention": "dense"}]
    return {
        "scorers": "norm,random",
        "k": "16,32",
        "rope": "before",
        "tasks": "passkey",
        "length": "1024",
        "trials": 1,
        "workers": 0,
        "trunk": _recipe(folder / "trunk.toml", name="trunk", stages=dense, phases=[gated], keep_state=True),
        "lighthouse": _recipe(
            folder / "lighthouse.toml",
            name="lighthouse",
            stages=under,
            phases=[{**PHASE, "length": 1024, "tokens_per_step": 4096}],
            keep={"lighthouse": 2},
            keep_state=True,
        ),
        "dense": _recipe(folder / "dense.toml", name="dense", stages=dense, keep={"dense-1": 1, "dense-2": 2}),
    }


@pytest.fixture(scope="module")
def done(options, tmp_path_factory):
    """The experiment's folder, with two seeds, finished."""
    out = tmp_path_factory.mktemp("experiment")
    branches(out, seeds="0,1", **options)
    return out


@pytest.mark.long
def test_every_cell_is_trained_and_read_in_every_way(done):
    tables(done)
    outcomes = pd.read_csv(done / "outcomes.csv")
    cells = {"norm-k16", "norm-k32", "random-k16", "random-k32", "dense"}
    ended = outcomes[(outcomes["kept"] == "lighthouse") & (outcomes["outcome"] == "passkey rate")]
    assert set(ended["cell"]) == cells
    assert set(ended["seed"]) == {0, 1}
    own = ended[ended["cell"] == "norm-k16"]
    assert set(own.loc[own["reading"] == "prompt", "read_as"]) == {"own", "dense", "random"}
    assert set(own.loc[own["reading"] == "context", "read_as"]) == {"own"}
    assert set(own["length"]) == {256, 1024, 2048}
    assert set(own["n"]) == {5}
    assert set(outcomes.loc[outcomes["cell"] == "random-k16", "kept"]) == {"lighthouse", "dense-1", "dense-2"}
    assert outcomes.groupby("seed")["trunk"].nunique().tolist() == [1, 1]
    assert {"copy loss", "keyed loss"} <= set(outcomes.loc[outcomes["reading"] == "training", "outcome"])
    forced = pd.read_csv(done / "interventions.csv")
    assert forced["trainings"].tolist() == [2] * len(forced)
    assert {"natural", "question in", "question out", "needle in", "needle out", "sham in"} <= set(forced["condition"])
    contrasts = pd.read_csv(done / "contrasts.csv")
    assert set(contrasts.loc[contrasts["primary"], "contrast"]) == {"random less norm", "k = 32 less k = 16"}
    assert not contrasts["decided"].any()


@pytest.mark.long
def test_a_second_call_does_nothing_and_tables_need_no_rows(done, options, tmp_path, capsys):
    before = {file: file.stat().st_mtime_ns for file in (done / "rows").rglob("*")}
    branches(done, seeds="0,1", **options)
    assert capsys.readouterr().out == "seeds 0,1: all done\n"
    assert {file: file.stat().st_mtime_ns for file in (done / "rows").rglob("*")} == before
    tables(done)
    for name in ("outcomes.csv", "forced.csv"):
        shutil.copy(done / name, tmp_path)
    tables(tmp_path)
    for name in ("contrasts.csv", "interventions.csv"):
        assert (tmp_path / name).read_bytes() == (done / name).read_bytes()


def test_a_budget_ends_it_and_a_trunk_short_of_its_gate_is_left_out(options, tmp_path, capsys):
    branches(tmp_path, seeds="0", budget_minutes=0.0, **options)
    assert "trunk s0: not begun, the time is up; the same command goes on from there" in capsys.readouterr().out
    assert not tmp_path.exists() or not list(tmp_path.iterdir())
    gate = {"below": {"keyed": 0.001}, "window": 1}
    trunk = _recipe(
        tmp_path.with_name("short.toml"),
        name="trunk",
        stages=[{"steps": 2, "attention": "dense"}],
        phases=[{**PHASE, "gate": gate}],
        keep_state=True,
    )
    branches(tmp_path, seeds="0", **options | {"trunk": trunk})
    said = capsys.readouterr().out
    assert "gates not passed" in said
    assert "branch norm-k16-s0: left out, its trunk did not pass its gates" in said
    assert not (tmp_path / "trainings").exists()


def test_what_cannot_be_used_is_one_line(options, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(branches, [str(tmp_path), "--seeds", "x"])
    assert capsys.readouterr().err.startswith("branches: error: seeds must be")


def test_seeds_are_shared_out_over_gpus(options, tmp_path, monkeypatch, capsys):
    started = []

    class Child:
        def __init__(self, command, *, env, stderr):
            started.append((command[command.index("--each") - 1], env["CUDA_VISIBLE_DEVICES"]))

        def wait(self):
            return len(started) - 1

    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("lh_eval.studies.branches.__main__.subprocess.Popen", Child)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    with pytest.raises(SystemExit) as ended:
        run(branches, [str(tmp_path), "--seeds", "0-4"])
    assert ended.value.code == 1
    assert started == [("0,2,4", "4"), ("1,3", "6")]
    started.clear()
    with pytest.raises(SystemExit):
        run(branches, [str(tmp_path), "--seeds", "0-4", "--per-gpu", "2"])
    assert started == [("0,4", "4"), ("1", "6"), ("2", "4"), ("3", "6")]


def test_shipped_recipes_are_the_protocols():
    trunk, lighthouse, dense = (TrainingConfig.find(name) for name in Recipes())
    assert trunk.gated
    assert trunk.keep_state
    assert lighthouse.keep == {"lighthouse": lighthouse.steps}
    assert lighthouse.keep_state
    assert dense.keep == {f"dense-{steps}": steps for steps in (20, 50, 150, 450)}
    grid = TrainingConfig.find("grid-dense")
    for config in (lighthouse, dense):
        assert branch_of(trunk.lasting([400, 100]), "", config).steps == 500 + config.steps
        assert config.model == grid.model
        assert lighthouse.optimizer.final_lr == dense.optimizer.lr


def test_outcomes_do_not_name_the_version_of_before():
    assert [_task_name(spec) for spec in Samples().tasks] == ["keyed", "keyed:records=64", "passkey"]
    assert [canonical_task(spec) for spec in Samples().tasks] == list(Samples().tasks)
