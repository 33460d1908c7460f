"""Runs whose model is a stub, so that only the store works; and what a run is to leave, whatever befell it."""

import json

import pytest

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.runs import run as module
from lh_eval.runs.grid import Grid
from lh_eval.store.checking import check_samples
from lh_eval.store.files import read_json, read_samples
from lh_eval.store.rows import Row

SETTINGS = ("dense", "lighthouse:k=64,dense_layers=0/-1")


class Bar:
    """A progress bar without the lock that a killed process would keep."""

    def __init__(self, **_):
        self.total = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def update(self, _=1):
        pass

    def set_description(self, _):
        pass


def row_of(key, seed):
    task, length, depth, trial = key
    return Row(
        task=task,
        length=length,
        depth=depth,
        true_depth=depth,
        trial=trial,
        seed=seed,
        needle_start=10,
        needle_end=20,
        context_tokens=length - 10,
        prompt_sha256=f"{length:032}{int(depth):016}{trial:016}",
        answer="7",
        prediction="7" if trial % 2 else "3",
        score=float(trial % 2),
        selection_recall=None,
        seconds=0.25,
        reading="prompt",
    )


@pytest.fixture(scope="session")
def checkpoint():
    return load_checkpoint(device="cpu")


@pytest.fixture
def go(checkpoint, monkeypatch):
    """Run stub samples into a folder, two settings of it; `before(i)` is called before row i."""
    hooks = []
    counts = iter(range(10**9))

    def rows(model, tokenizer, keys, method, *, seed, **_):
        for key in keys:
            for hook in hooks:
                hook(next(counts))
            yield row_of(key, seed)

    monkeypatch.setattr(module, "iterate_rows", rows)
    monkeypatch.setattr(module, "check_settings", lambda *_, **__: None)
    monkeypatch.setattr(module, "_measured", lambda *_: {})
    monkeypatch.setattr(module, "tqdm", Bar)

    def run(out, *, trials=1, settings=SETTINGS, before=None):
        hooks[:] = [] if before is None else [before]
        grid = Grid(task="passkey", lengths=(256,), depths=(0.0, 50.0, 100.0), trials=trials)
        return module.run(checkpoint, grid, list(settings), out)

    return run


@pytest.fixture
def left():
    """What a finished folder holds; its rows once each, and in the chain of their digests."""

    def read(out):
        found = {}
        for config in sorted(out.rglob("config.json")):
            folder = config.parent
            samples = read_samples(folder / "samples.jsonl")
            check_samples(folder / "samples.jsonl", read_json(config), samples)
            assert (folder / "samples.jsonl").stat().st_size == samples.size
            assert len({row.key for row in samples.rows}) == len(samples.rows)
            found[str(folder.relative_to(out))] = (
                sorted(samples.rows, key=lambda row: row.key),
                read_json(folder / "metrics.json"),
            )
        assert not list(out.rglob("*.part"))
        return found, json.loads((out / "sweep.json").read_text()) if len(found) > 1 else None

    return read
