"""Runs and sweeps on disk: completed when cut, refused before the first sample where the folder is another's."""

import json
import os
import signal
import threading
import time

import pytest

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.engine import samples
from lh_eval.errors import InputError, Interrupted
from lh_eval.interrupts import heed
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.runs import run as module
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import run
from lh_eval.runs.setting import Setting
from lh_eval.store.equality import differing_fields
from lh_eval.store.run import read_run

DENSE = Setting()
SMALL = Setting(Lighthouse(k=64, dense_layers=(0, -1)))
LARGE = Setting(Lighthouse(k=128, dense_layers=(0, -1)))


def grid(**changes):
    return Grid(**{"task": "passkey", "lengths": (256,), "depths": (0.0, 50.0), "trials": 1} | changes)


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


@pytest.fixture
def no_samples(monkeypatch):
    """From here on a sample that runs, or a bar that is drawn, is a failure."""

    def forbid():
        monkeypatch.setattr(samples, "run_batch", lambda *_, **__: pytest.fail("a sample was run"))
        monkeypatch.setattr("lh_eval.runs.run.tqdm", lambda **_: pytest.fail("a bar was drawn"))

    return forbid


def contents(folder):
    return {file.relative_to(folder): file.is_file() and file.read_bytes() for file in folder.rglob("*")}


def test_an_interrupted_run_is_completed_with_the_same_rows(checkpoint, tmp_path, monkeypatch):
    two = grid(depths=(0.0, 50.0, 100.0), trials=2)
    whole = run(checkpoint, two, [DENSE, SMALL], tmp_path / "whole", batch_size=1)
    run_batch, calls = samples.run_batch, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return run_batch(*arguments, **options)

    monkeypatch.setattr(samples, "run_batch", interrupted)
    with pytest.raises(Interrupted, match=rf"{tmp_path / 'cut'}; the same command goes on"):
        run(checkpoint, two, [DENSE, SMALL], tmp_path / "cut", batch_size=1)
    assert len(read_run(tmp_path / "cut" / "dense").frame) == 3
    monkeypatch.setattr(samples, "run_batch", run_batch)
    run(checkpoint, two, [DENSE, SMALL], tmp_path / "cut", batch_size=2)
    for name in ("dense", "norm-k64"):
        left, right = (read_run(tmp_path / side / name).frame for side in ("whole", "cut"))
        assert not differing_fields(left, right)
    assert whole.failed == 0
    assert whole.first_error is None
    config = json.loads((tmp_path / "whole" / "norm-k64" / "config.json").read_text())
    assert config["attention"]["dense_layers"] == [0, -1]
    assert config["model"]["weights_sha256"] == checkpoint.sha256


def test_samples_that_failed_are_run_again_and_counted_once(checkpoint, tmp_path, monkeypatch):
    run_batch = samples.run_batch
    monkeypatch.setattr(samples, "run_batch", lambda *_, **__: (_ for _ in ()).throw(IndexError("beyond the table")))
    first = run(checkpoint, grid(), [DENSE, SMALL], tmp_path)
    assert (first.failed, first.first_error) == (4, "IndexError: beyond the table")
    monkeypatch.setattr(samples, "run_batch", run_batch)
    again = run(checkpoint, grid(), [DENSE, SMALL], tmp_path)
    assert (again.failed, again.first_error) == (0, None)
    assert (tmp_path / "dense" / "samples.jsonl").read_text().count("\n") == 4
    assert read_run(tmp_path / "dense").frame["error"].isna().tolist() == [True, True]
    dense, small = json.loads((tmp_path / "sweep.json").read_text())["settings"]
    assert (dense["n"], dense["errors"], small["difference"]["pairs"]) == (2, 0, 2)


def test_the_order_of_lengths_and_depths_makes_no_other_run(checkpoint, tmp_path, no_samples):
    run(checkpoint, grid(lengths=(512, 256), depths=(50.0, 0.0)), [DENSE], tmp_path)
    before = contents(tmp_path)
    run(checkpoint, grid(lengths=(256, 512)), [DENSE], tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("first", "then", "changes", "message"),
    [
        ([DENSE], [DENSE], {"seed": 1}, "seed 0 there, 1 here"),
        ([DENSE], [DENSE, SMALL], {}, "holds a single run"),
        ([DENSE, SMALL], [DENSE], {}, "holds dense"),
        ([DENSE, SMALL], [LARGE, SMALL], {"lengths": (512,)}, r"norm-k64 whose config.json differs \(lengths"),
        ([SMALL, DENSE], [LARGE, Setting(Lighthouse(k=32, dense_layers=(0, -1)))], {"lengths": (512,)},
         r"whose dense differs \(lengths \[256\] there, \[512\] here\)"),
        ([LARGE, SMALL], [DENSE, Setting(Lighthouse(k=64, dense_layers=(1,)))], {}, r"norm-k64 .*dense_layers"),
    ],
)  # fmt: skip
def test_another_configuration_is_refused_before_the_first_sample(
    checkpoint, tmp_path, no_samples, first, then, changes, message
):
    run(checkpoint, grid(), first, tmp_path)
    before = contents(tmp_path)
    no_samples()
    with pytest.raises(InputError, match=message):
        run(checkpoint, grid(**changes), then, tmp_path)
    assert contents(tmp_path) == before


def test_an_interrupted_sweep_of_another_configuration_is_refused_too(checkpoint, tmp_path, no_samples):
    run(checkpoint, grid(), [DENSE, SMALL], tmp_path)
    os.unlink(tmp_path / "sweep.json")
    no_samples()
    others = [LARGE, Setting(Lighthouse(k=32, dense_layers=(0, -1)))]
    with pytest.raises(InputError, match="whose dense differs"):
        run(checkpoint, grid(seed=1), others, tmp_path)


@pytest.mark.parametrize("settings", [[DENSE], [DENSE, SMALL]], ids=["run", "sweep"])
@pytest.mark.parametrize("place", ["file", "file/sub", "foreign"])
def test_a_place_that_is_no_folder_of_ours_is_refused(checkpoint, tmp_path, no_samples, settings, place):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("mine")
    before = contents(tmp_path)
    no_samples()
    with pytest.raises(InputError, match=r"out must be .* --out"):
        run(checkpoint, grid(), settings, tmp_path / place)
    assert contents(tmp_path) == before


def test_a_later_sweep_adds_its_settings(checkpoint, tmp_path):
    run(checkpoint, grid(), [DENSE, SMALL], tmp_path)
    run(checkpoint, grid(), [DENSE, LARGE], tmp_path)
    names = [entry["name"] for entry in json.loads((tmp_path / "sweep.json").read_text())["settings"]]
    assert names == ["dense", "norm-k128", "norm-k64"]


def test_two_sweeps_that_end_at_once_drop_no_setting(checkpoint, tmp_path, monkeypatch):
    """The second, whose runs are done, waits with reading sweep.json until the first has written it."""
    read, begun = module.read_settings, []
    second = threading.Thread(target=run, args=(checkpoint, grid(), [DENSE, LARGE], tmp_path))

    def read_settings(out, names):
        begun.append((out / "sweep.json").exists())
        if len(begun) == 1:
            second.start()
            while second.is_alive() and not (out / "norm-k128" / "metrics.json").exists():
                time.sleep(0.01)
            second.join(0.3)
        return read(out, names)

    monkeypatch.setattr(module, "read_settings", read_settings)
    run(checkpoint, grid(), [DENSE, SMALL], tmp_path)
    second.join()
    assert begun == [False, True]
    names = [entry["name"] for entry in json.loads((tmp_path / "sweep.json").read_text())["settings"]]
    assert names == ["dense", "norm-k128", "norm-k64"]


def test_trials_are_added_until_intervals_are_narrow_and_a_cut_run_ends_with_the_same_rows(
    checkpoint, tmp_path, monkeypatch
):
    rule = grid(trials=2, until_ci=0.4, max_trials=8)
    whole = run(checkpoint, rule, [DENSE], tmp_path / "whole", batch_size=1)
    counts = [cell["n"] for cell in whole.metrics["dense"]["cells"]]
    assert counts == [8, 8]  # eight of eight are 0.32 wide, four of four 0.49
    config = json.loads((tmp_path / "whole" / "config.json").read_text())
    assert (config["trials"], config["until_ci"], config["max_trials"]) == (2, 0.4, 8)
    run_batch, calls = samples.run_batch, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) > 7:  # in the second round
            raise KeyboardInterrupt
        return run_batch(*arguments, **options)

    monkeypatch.setattr(samples, "run_batch", interrupted)
    with pytest.raises(Interrupted):
        run(checkpoint, rule, [DENSE], tmp_path / "cut", batch_size=1)
    monkeypatch.setattr(samples, "run_batch", run_batch)
    run(checkpoint, rule, [DENSE], tmp_path / "cut", batch_size=1)
    columns = ["length", "depth", "trial", "prompt_sha256", "prediction", "score"]
    frames = [read_run(tmp_path / name).frame[columns] for name in ("whole", "cut")]
    assert frames[0].equals(frames[1])
    with pytest.raises(InputError, match="until_ci"):
        run(checkpoint, grid(trials=2), [DENSE], tmp_path / "cut")


def test_a_termination_leaves_rows_and_metrics(checkpoint, tmp_path, monkeypatch):
    run_batch, calls = samples.run_batch, []

    def terminated(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGTERM)
        return run_batch(*arguments, **options)

    monkeypatch.setattr(samples, "run_batch", terminated)
    monkeypatch.setattr("lh_eval.interrupts._received", [])
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    heed()
    try:
        with pytest.raises(Interrupted, match="the same command goes on"):
            run(checkpoint, grid(depths=(0.0, 50.0, 100.0)), [DENSE], tmp_path, batch_size=1)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert json.loads((tmp_path / "metrics.json").read_text())["n"] == 1
