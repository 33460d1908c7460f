from lh_eval.figures.recall import Correlation
from lh_eval.results import caption
from lh_eval.results.run import read_run
from lh_eval.results.settings import setting_cells
from lh_eval.results.timing import timed_by_rows


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
