from mixed_sweep import config_of

from lh_eval.analysis.compare import compare
from lh_eval.analysis.sides import comparison_values, side_labels
from lh_eval.store.run import read_run


def test_sides_are_called_by_what_tells_them_apart(make_run):
    dense, window = read_run(make_run("dense")), read_run(make_run("w", **config_of("window_tokens_1024_sinks_4")))
    assert side_labels([dense], [window]) == ("dense", "window tokens=1024")
    read = [read_run(make_run(f"r/{reading}", reading=reading)) for reading in ("prompt", "context")]
    assert side_labels(read[:1], read[1:]) == ("dense (prompt)", "dense (context)")
    models = [read_run(make_run(f"m/{name}", model={"name": name})) for name in "ab"]
    assert side_labels(models[:1], models[1:]) == ("a dense", "b dense")
    again = [read_run(make_run(f"n/{name}")) for name in "ab"]
    assert side_labels(again[:1], again[1:]) == tuple(str(run.path) for run in again)


def test_the_reading_is_told_where_it_was_kept(make_run):
    old, new = read_run(make_run("old")), read_run(make_run("new", reading="prompt"))
    values = comparison_values(compare(old.frame, new.frame), [old], [new], 0.95)
    assert "reading" not in values["a"][0]
    assert values["b"][0]["reading"] == "prompt"
