"""The loop over samples: the shipped checkpoint retrieves, and rows do not depend on how they were run."""

import json

import pytest
import torch

from lh_eval import LighthouseConfig, evaluate
from lh_eval.errors import InputError
from lh_eval.evaluation import evaluate as module
from lh_eval.evaluation.grid import Grid
from lh_eval.evaluation.recall import SelectionRecall
from lh_eval.evaluation.run import run_settings
from lh_eval.evaluation.setting import Setting
from lh_eval.models.loading import load_checkpoint
from lh_eval.results.run import read_run

LIGHTHOUSE = {"config": LighthouseConfig(k=64), "dense_layers": (0, -1)}


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


def rows(checkpoint, **options):
    options = {"task": "passkey", "lengths": [256, 512], "depths": [0, 50, 100], "trials": 2, **options}
    return evaluate(checkpoint.model, checkpoint.tokenizer, **options).drop(columns="seconds")


@pytest.mark.parametrize("task", ["passkey", "keyed:records=4"])
def test_the_shipped_checkpoint_retrieves(checkpoint, task):
    frame = rows(checkpoint, task=task, lengths=[1024])
    assert frame["score"].mean() >= 0.8
    assert (frame["true_depth"] - frame["depth"]).abs().max() < 2


@pytest.mark.parametrize("lighthouse", [{}, LIGHTHOUSE], ids=["dense", "lighthouse"])
def test_rows_do_not_depend_on_batch_size_or_run(checkpoint, lighthouse):
    alone = rows(checkpoint, batch_size=1, **lighthouse)
    assert alone.equals(rows(checkpoint, batch_size=3, **lighthouse))
    assert alone.equals(rows(checkpoint, **lighthouse))


def test_rows_do_not_depend_on_the_other_cells_or_their_order(checkpoint):
    all_cells = rows(checkpoint)
    backwards = rows(checkpoint, lengths=[512, 256], depths=[100, 50, 0])
    assert all_cells.equals(backwards)
    one = rows(checkpoint, lengths=[512], depths=[50])
    assert one.equals(all_cells.query("length == 512 and depth == 50").reset_index(drop=True))


def test_selection_recall_is_high_where_all_is_kept_and_absent_when_dense(checkpoint):
    everything = rows(checkpoint, lengths=[256], config=LighthouseConfig(k=2048), dense_layers=(0, -1))
    assert (everything["selection_recall"] == 1).all()
    few = rows(checkpoint, lengths=[512], config=LighthouseConfig(k=16, scorer="random"), dense_layers=(0, -1))
    assert few["selection_recall"].mean() < 1
    assert rows(checkpoint, lengths=[256])["selection_recall"].isna().all()


def test_selection_recall_counts_heads_that_hold_the_whole_needle():
    recall = SelectionRecall([(2, 4), (5, 6)])
    recall(1, torch.tensor([[[1, 2, 3, 9], [2, 5, 6, 7]], [[5, 6, 7, 8], [4, 6, 7, 8]]]))
    assert recall.of_samples() == [0.5, 0.5]


def test_a_sample_that_fails_costs_no_other(checkpoint, monkeypatch):
    run_batch = module.run_batch

    def failing(model, session, samples):
        if any(sample.depth > 99 for sample in samples):
            raise RuntimeError("out of\nluck")
        return run_batch(model, session, samples)

    monkeypatch.setattr(module, "run_batch", failing)
    frame = rows(checkpoint, lengths=[256], batch_size=8)
    failed = frame[frame["error"].notna()]
    assert set(failed["depth"]) == {100.0}
    assert set(failed["error"]) == {"RuntimeError: out of luck"}
    assert frame[frame["error"].isna()]["score"].notna().all()


def test_bad_grids_are_refused_before_anything_runs(checkpoint, monkeypatch):
    monkeypatch.setattr(module, "run_batch", lambda *_: pytest.fail("a sample was run"))
    for options in ({"lengths": [512, 16]}, {"depths": [50, 120]}, {"trials": 0}, {"task": "nope"}, {"lengths": []}):
        with pytest.raises(InputError):
            rows(checkpoint, **options)


def test_an_interrupted_run_is_completed_with_the_same_rows(checkpoint, tmp_path, monkeypatch):
    grid = Grid(task="passkey", lengths=(256,), depths=(0.0, 50.0, 100.0), trials=2)
    settings = [Setting(), Setting(config=LIGHTHOUSE["config"], dense_layers=(0, -1))]
    whole = run_settings(checkpoint, grid, settings, tmp_path / "whole", batch_size=1)
    run_batch, calls = module.run_batch, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return run_batch(*arguments)

    monkeypatch.setattr(module, "run_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_settings(checkpoint, grid, settings, tmp_path / "cut", batch_size=1)
    assert len(read_run(tmp_path / "cut" / "dense").frame) == 3
    monkeypatch.setattr(module, "run_batch", run_batch)
    run_settings(checkpoint, grid, settings, tmp_path / "cut", batch_size=2)
    for name in ("dense", "norm-k64"):
        left, right = (read_run(tmp_path / side / name).frame.drop(columns="seconds") for side in ("whole", "cut"))
        assert left.equals(right)
    assert whole.failed == 0
    config = json.loads((tmp_path / "whole" / "norm-k64" / "config.json").read_text())
    assert config["attention"]["dense_layers"] == [0, -1]
    assert config["model"]["weights_sha256"] == checkpoint.sha256


def test_out_of_another_configuration_is_refused(checkpoint, tmp_path):
    grid = Grid(task="passkey", lengths=(256,), depths=(0.0,), trials=1)
    run_settings(checkpoint, grid, [Setting()], tmp_path)
    other = Grid(task="passkey", lengths=(256,), depths=(0.0,), trials=1, seed=1)
    with pytest.raises(InputError, match="seed 0 there, 1 here"):
        run_settings(checkpoint, other, [Setting()], tmp_path)
