"""The same rows whatever the batch size, the order of the grid, the processes and the places where it was cut."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.engine import samples
from lh_eval.errors import Interrupted
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import run
from lh_eval.runs.setting import Setting
from lh_eval.store.equality import differing_fields
from lh_eval.store.run import read_run

SETTINGS = [Setting(), Setting(Lighthouse(k=32, dense_layers=(0, -1)))]
NAMES = ("dense", "norm-k32")
LENGTHS, DEPTHS, TRIALS = (192, 256), (0.0, 100.0), 2


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


def rows_of(checkpoint, folder, *, settings=SETTINGS, batch_size=None, lengths=LENGTHS, depths=DEPTHS):
    """Rows of each setting by its name."""
    grid = Grid(task="passkey", lengths=lengths, depths=depths, trials=TRIALS)
    run(checkpoint, grid, settings, folder, batch_size=batch_size)
    return {name: read_run(folder / name).frame for name in NAMES}


@pytest.fixture(scope="module")
def alone(checkpoint, tmp_path_factory):
    """Every sample by itself, in order."""
    return rows_of(checkpoint, tmp_path_factory.mktemp("alone") / "run", batch_size=1)


def assert_same(found, expected):
    for name in NAMES:
        assert len(found[name]) == len(expected[name]) == len(LENGTHS) * len(DEPTHS) * TRIALS
        assert differing_fields(found[name], expected[name]) == {}


@pytest.mark.parametrize("batch_size", [2, 3, 8, None])
def test_any_batch_size(checkpoint, alone, tmp_path, batch_size):
    assert_same(rows_of(checkpoint, tmp_path / "run", batch_size=batch_size), alone)


def test_any_order_of_the_grid(checkpoint, alone, tmp_path):
    order = {"settings": SETTINGS[::-1], "lengths": LENGTHS[::-1], "depths": DEPTHS[::-1]}
    assert_same(rows_of(checkpoint, tmp_path / "run", batch_size=3, **order), alone)


@pytest.mark.parametrize("batches", range(0, 8, 2))
def test_any_place_where_it_was_cut(checkpoint, alone, tmp_path, monkeypatch, batches):
    run_batch, calls = samples.run_batch, []

    def interrupted(*arguments, **options):
        calls.append(1)
        if len(calls) > batches:
            raise KeyboardInterrupt
        return run_batch(*arguments, **options)

    monkeypatch.setattr(samples, "run_batch", interrupted)
    with pytest.raises(Interrupted):
        rows_of(checkpoint, tmp_path / "run", batch_size=2)
    monkeypatch.setattr(samples, "run_batch", run_batch)
    assert_same(rows_of(checkpoint, tmp_path / "run", batch_size=1), alone)


@pytest.mark.long
@pytest.mark.parametrize("processes", [1, 2])
def test_any_number_of_processes(alone, tmp_path, processes):
    """Side by side, each with its share of the lengths, another seed of hashes and another number of threads."""
    shares = [LENGTHS[start::processes] for start in range(processes)]
    grid = ["--task", "passkey", "--depths", "0,100", "--trials", str(TRIALS), "--device", "cpu"]
    attention = ["--attention", "dense", "--attention", "lighthouse:k=32,dense_layers=0/-1"]
    started = []
    for place, share in enumerate(shares):
        lengths = ["--lengths", ",".join(map(str, share)), "--out", str(tmp_path / str(place))]
        command = [sys.executable, "-m", "lh_eval", "niah", *grid, *attention, *lengths]
        varied = {"PYTHONHASHSEED": str(place + 1), "OMP_NUM_THREADS": str(place + 1)}
        started.append(subprocess.Popen(command, env={**os.environ, **varied}, stdout=subprocess.DEVNULL))
    assert [process.wait() for process in started] == [0] * processes
    found = {}
    for name in NAMES:
        frames = [read_run(tmp_path / str(place) / name).frame for place in range(processes)]
        found[name] = pd.concat(frames, ignore_index=True)
    assert_same(found, alone)
