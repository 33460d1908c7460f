import pytest

from lh_eval.analysis.settings import setting_cells
from lh_eval.publish import caption
from lh_eval.store.rows import to_frame
from lh_eval.store.run import read_run


def test_it_names_task_model_grid_samples_and_seeds(make_run):
    run = read_run(make_run("dense", model={"name": "lh-passkey", "weights_sha256": "0123456789abcdef"}))
    text = caption.measured([run], setting_cells({"dense": run}))
    assert text == (
        "Task passkey; model lh-passkey (weights sha256 0123456789ab); 2 samples per cell, 8 in all; seed 0. "
        "Context lengths 1K, 2K tokens; needle depths 0, 100 %."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"depth": 40.0}, "Needles start up to 10.1 points of the context off these depths."),
        ({"depth": 49.0}, None),
        ({"depth": 0.0}, None),  # the first place, whatever is ahead of it
        ({"depth": 40.0, "task": "vt"}, None),  # which the depth does not place
        ({"depth": 40.0, "needle_end": 2040}, None),  # a control
        ({"depth": 40.0, "task": "not_installed"}, "Needles start up to 10.1 points of the context off these depths."),
    ],
)
def test_needles_off_their_depths_are_told(make_run, make_row, changes, said):
    run = read_run(make_run("dense"))
    run = run._replace(frame=to_frame([make_row(**changes)]))
    text = caption.measured([run], setting_cells({"dense": run}))
    assert (said in text) if said else "Needles start" not in text


def test_a_comparison_names_both_sides_weights_seeds_and_tests():
    def run(seed):
        return {"task": "keyed", "model": "m", "weights_sha256": "0123456789abcdef", "training_seed": seed}

    overall = {"rate_a": 0.5, "rate_b": 0.25, "difference": -0.25, "ci_low": -0.5, "ci_high": 0.0, "p": 1e-5}
    values = {"a": [run(0)], "b": [run(1), run(2)], "level": 0.9, "notes": ["one", "two"]}
    values["overall"] = overall | {"pairs": 40, "cells": 4}
    text = caption.of_comparison(values, ("dense", "norm"))
    assert "framed: p < 0.1 after Holm. Task keyed. dense: m (weights sha256 0123456789ab) of training seed 0." in text
    assert "norm: m (weights sha256 0123456789ab) of training seed 1, m (weights" in text
    assert (
        "0.250 less 0.500: -0.250 (90% interval -0.500 to +0.000, p < 0.0001), 40 pairs in 4 cells. one. two." in text
    )
    values["overall"] |= {"ci_low": None, "ci_high": None, "p": None}
    assert "-0.250 (no interval, p none)" in caption.of_comparison(values, ("dense", "norm"))
