from lh_eval.analysis.settings import setting_cells
from lh_eval.analysis.timing import timed_by_rows
from lh_eval.figures.recall import Correlation
from lh_eval.publish import caption
from lh_eval.store.run import read_run


def test_it_names_task_model_grid_samples_and_seeds(make_run):
    run = read_run(make_run("dense", model={"name": "lh-passkey", "weights_sha256": "0123456789abcdef"}))
    text = caption.measured([run], setting_cells({"dense": run}))
    assert text == (
        "Task passkey; model lh-passkey (weights sha256 0123456789ab); 2 samples per cell, 8 in all; seed 0. "
        "Context lengths 1K, 2K tokens; needle depths 0, 100 %."
    )


def test_means_have_their_interval_and_its_name(make_run):
    run = read_run(make_run("dense", score=lambda length, depth, trial: trial))
    text = caption.of_heatmap(setting_cells({"dense": run}))
    assert "dense 0.50 (0.22 to 0.78) (95 % Wilson interval" in text  # 4 of 8
    assert text.endswith("No test.")


def test_hatches_are_named_where_there_are_some(make_run):
    cells = setting_cells({"dense": read_run(make_run("dense"))})
    assert "hatched" not in caption.of_heatmap(cells)
    assert "hatched cells have no samples" in caption.of_heatmap(cells.iloc[1:])


def test_the_correlation_has_interval_p_and_n(make_run):
    cells = setting_cells({"dense": read_run(make_run("dense"))})
    text = caption.of_recall(cells, Correlation(0.5, 0.1, 0.75, 0.0123, 40))
    assert "0.50 (95 % interval 0.10 to 0.75, Fisher's; p = 0.012; n = 40 cells)" in text
    assert "p < 0.0001" in caption.of_recall(cells, Correlation(0.5, 0.1, 0.75, 1e-9, 40))
    nan = float("nan")
    assert "undefined over 3 cells" in caption.of_recall(cells, Correlation(nan, nan, nan, nan, 3))


def test_latency_names_what_was_timed(make_run):
    text = caption.of_latency(timed_by_rows(setting_cells({"dense": read_run(make_run("dense"))})))
    assert "at 2K tokens against seconds per sample" in text
    assert "dense 0.25, 1.00 (0.51 to 1.00)" in text


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
