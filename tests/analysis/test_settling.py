from pathlib import Path

import pytest

from lh_eval.analysis.settling import settled
from lh_eval.store.rows import to_frame
from lh_eval.store.run import Run

CONFIG = {"settling": {"threshold": 0.5, "base": 2.0, "norm": True, "layers": 10}}


@pytest.fixture
def run(make_row):
    def make(config=CONFIG):
        rows = [
            make_row(
                trial=trial,
                scoring="any",
                prediction="7" if trial % 2 else "8",
                score=float(trial % 2),
                answer_settling=(3, 9) if trial % 2 else (8, 9, 10, 10),
                prediction_settling=(5,) if trial else (),
            )
            for trial in range(6)
        ]
        return Run(Path("run"), config, to_frame([*rows, make_row(trial=6, error="broken")]))

    return make


def test_hits_that_settle_early_stand_out(run):
    found = settled(run())
    assert (found.layers, found.deep) == (10, 9)
    table = found.table.set_index(["tokens", "measure"])
    mean = table.loc["right answer", "mean layer"]
    assert mean[["hits", "misses", "of_hits", "of_misses", "auroc"]].tolist() == [3, 3, 6, 9.25, 0]
    deep = table.loc["right answer", "share from layer 9 on"]
    assert deep[["of_hits", "of_misses", "auroc"]].tolist() == [0.5, 0.75, 0]
    generated = table.loc["generated text", "mean layer"]  # a text without a token has no mean
    assert generated[["hits", "misses", "auroc"]].tolist() == [3, 2, 0.5]


def test_shares_are_of_the_tokens_of_hits_and_of_misses(run):
    hits, misses = settled(run()).shares["right answer"]
    assert hits == [0, 0, 0.5, 0, 0, 0, 0, 0, 0.5, 0]
    assert misses == [0, 0, 0, 0, 0, 0, 0, 0.25, 0.25, 0.5]


def test_a_run_without_depths_has_nothing(run):
    assert settled(run({})) is None
    assert settled(run({"settling": {"layers": "10"}})) is None
