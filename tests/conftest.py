"""Settings of the whole suite: no network, no deadline for examples, the same in every CI run, a thread a process."""

import dataclasses
import gc
import os
import sys
from types import SimpleNamespace

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the suite's processes fill the cores
os.environ["HF_HUB_OFFLINE"] = "1"  # before datasets, which counts what is loaded, files too, at its server
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items):
    """The longest test first: started among the last, it would leave the other processes idle."""
    items.sort(key=lambda item: item.path.name != "test_interpreted.py")


def pytest_collection_finish():
    """Keep what was imported out of every later collection of garbage: it is large, and stays."""
    gc.freeze()


@pytest.fixture
def make_row():
    from lh_eval.store.rows import Row

    def make(**changes):
        values = {
            "task": "passkey",
            "length": 4096,
            "depth": 50.0,
            "true_depth": 49.9,
            "trial": 0,
            "seed": 0,
            "needle_start": 2040,
            "needle_end": 2060,
            "context_tokens": 4070,
            "prompt_sha256": "0" * 64,
            "answer": "7",
            "prediction": "7",
            "score": 1.0,
            "selection_recall": None,
            "seconds": 0.25,
            "error": None,
        } | changes
        if values["error"] is not None:
            values |= {"prediction": None, "score": None}
        return Row(**values)

    return make


@pytest.fixture
def make_run(tmp_path, make_row):
    """Write a run of 2 lengths, 2 depths and 2 trials; `score(length, depth, trial)` says what each gets."""
    from lh_eval.analysis.cells import metrics_of
    from lh_eval.store.folder import RunFolder

    def make(path, *, score=lambda length, depth, trial: 1.0, attention=None, recall=None, **config):
        config = {"task": "passkey", "lengths": [1024, 2048], "depths": [0, 100], "attention": attention} | config
        with RunFolder.open(tmp_path / path, config) as run:
            for length in config["lengths"]:
                for depth in config["depths"]:
                    for trial in range(2):
                        got = float(score(length, depth, trial))
                        row = make_row(length=length, depth=float(depth), trial=trial, score=got)
                        told = {"task": config["task"], "reading": config.get("reading", "context")}
                        run.append(dataclasses.replace(row, selection_recall=recall, **told))
            run.finish(metrics_of(run.as_run()))
        return tmp_path / path

    return make


@pytest.fixture
def runs(make_run, tmp_path):
    """Runs of two tasks, one of them a sweep of two settings."""
    from lh_eval.store.finding import find_runs

    lighthouse = {"scorer": "qk:dilation=8", "k": 256}
    make_run("all/passkey/dense")
    make_run("all/passkey/qk-k256", attention=lighthouse, score=lambda length, depth, trial: length < 2048)
    make_run("all/other", score=lambda length, depth, trial: trial == 0)
    return find_runs([tmp_path / "all"])


@pytest.fixture
def sweep(make_run, tmp_path):
    """The folder of a sweep over two k, dense beside them, where lengths up to k are hits."""
    for k in (512, 2048):
        attention = {"k": k, "scorer": "norm"}
        make_run(f"s/norm-k{k}", attention=attention, score=lambda length, depth, trial, k=k: length <= k)
    make_run("s/dense")
    return tmp_path / "s"


@pytest.fixture
def make_measurement():
    """Make a measurement of `lh-eval bench`; what is given replaces its fields."""
    from lh_eval.store.measurements import Measurement

    def make(provider="sdpa", mode="fwd", length=1024, k=None, ms=1.0, **changes):
        sparse, scored = k is not None, provider.startswith("lighthouse")
        values = {
            "gpu": "card", "torch": "2", "triton": "3", "commit": "0000000", "provider": provider, "kernel": "",
            "mode": mode, "N": length, "k": k, "scorer": "norm" if scored else None,
            "levels": 3 if sparse else None, "pooling": 4 if sparse else None,
            "selection": "chunked" if sparse else None, "tile_k": 128 if sparse else None,
            "batch": 1, "heads": 2, "kv_heads": 2, "head_dim": 64, "dtype": "float32", "ms": ms, "extra_bytes": None,
            "stages": {},
        }  # fmt: skip
        return Measurement(**values | changes)

    return make


@pytest.fixture
def bring_rule(monkeypatch):
    """Install a scoring rule as another package does, by an entry point, for one test."""
    from importlib.metadata import EntryPoint

    from lh_eval.scoring.base import SCORINGS, get_rule

    def bring(name, rule):
        monkeypatch.setitem(sys.modules, "rule_of_another_package", SimpleNamespace(Rule=rule))
        found = [EntryPoint(name, "rule_of_another_package:Rule", "lh_eval.scoring")]
        monkeypatch.setattr("lh_eval.registry.entry_points", lambda *, group: found if group == found[0].group else [])
        SCORINGS.names()
        monkeypatch.setattr(SCORINGS, "_classes", dict(SCORINGS._classes))
        monkeypatch.setattr(SCORINGS, "_waiting", None)

    get_rule.cache_clear()
    yield bring
    get_rule.cache_clear()
