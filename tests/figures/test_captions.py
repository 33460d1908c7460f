from lh_eval.analysis.settings import setting_cells
from lh_eval.analysis.timing import timed_by_rows
from lh_eval.figures import captions
from lh_eval.statistics import Correlation
from lh_eval.store.run import read_run


def test_means_have_their_interval_and_its_name(make_run):
    run = read_run(make_run("dense", score=lambda length, depth, trial: trial))
    text = captions.of_heatmap(setting_cells({"dense": run}))
    assert "dense 0.50 (0.22 to 0.78) (95 % Wilson interval" in text  # 4 of 8
    assert text.endswith("No test.")


def test_hatches_are_named_where_there_are_some(make_run):
    cells = setting_cells({"dense": read_run(make_run("dense"))})
    assert "hatched" not in captions.of_heatmap(cells)
    assert "hatched cells have no samples" in captions.of_heatmap(cells.iloc[1:])


def test_each_setting_has_its_correlation_with_interval_and_n(make_run):
    cells = setting_cells({"dense": read_run(make_run("dense"))})
    nan = float("nan")
    found = {"norm": Correlation(0.5, 0.1, 0.75, 0.0123, 40), "qk": Correlation(nan, nan, nan, nan, 3)}
    text = captions.of_recall(cells, found)
    assert "Fisher's, which take cells for independent: norm 0.50 (0.10 to 0.75, n = 40)." in text
    assert "Undefined (fewer than four cells, or one of the two the same in all): qk." in text
    assert "Mean recall" not in text, "dense has none"
    sparse = setting_cells({"norm-k256": read_run(make_run("a", attention={"scorer": "norm", "k": 256}, recall=0.5))})
    sparse.loc[sparse["depth"] == 0, "selection_recall"] = 1.0
    text = captions.of_recall(sparse, {})
    assert "Mean recall at depth 0 and at the other depths: norm k=256 1.00 and 0.50. Mean over cells" in text


def test_latency_names_what_was_timed(make_run):
    text = captions.of_latency(**timed_by_rows(setting_cells({"dense": read_run(make_run("dense"))}))._asdict())
    assert "at 2K tokens against milliseconds per sample" in text
    assert "dense 250, 1.00 (0.51 to 1.00)" in text


def test_readings_are_named_once_or_for_each_setting(make_run):
    runs = {name: read_run(make_run(name, reading=name)) for name in ("prompt", "context")}
    cells = {name: setting_cells({name: run}) for name, run in runs.items()}
    assert captions.readings(cells["context"]) == []
    assert captions.readings(cells["prompt"]) == ["Reading: prompt (context and question are read under the setting)."]
    window = {"attention": {"method": "window"}, "setting": {"family": "window", "budget": 8, "budget_name": "tokens"}}
    both = setting_cells({"dense": runs["prompt"], "w": read_run(make_run("w", **window))})
    (sentence,) = captions.readings(both)
    assert sentence.endswith("under the setting); dense prompt, window tokens=8 context.")
