import pytest
from mixed_sweep import config_of

from lh_eval import InputError
from lh_eval.analysis.compare import compare
from lh_eval.analysis.sides import comparison_values, read_side, shared_seeds, side_labels
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


def trained(make_run, name, seed):
    return read_run(make_run(name, provenance={"training_seed": seed}))


def test_sides_of_the_same_seeds_are_paired_by_them(make_run):
    a = [trained(make_run, f"a{seed}", seed) for seed in (3, 1)]
    b = [trained(make_run, f"b{seed}", seed) for seed in (1, 3)]
    first, second = shared_seeds(a, b)
    assert [run.path.name for run in first + second] == ["a1", "a3", "b1", "b3"]
    assert comparison_values(compare(a[0].frame, b[0].frame), a, b, 0.95)["a"][0]["training_seed"] == 3
    assert shared_seeds(a, b[:1]) is None
    assert shared_seeds([a[0], a[0]], [b[1], b[1]]) is None, "a seed twice"
    assert shared_seeds(a, [b[0], trained(make_run, "b2", 2)]) is None
    assert shared_seeds(a, [b[0], trained(make_run, "none", None)]) is None


def test_a_sweep_is_no_side_and_its_settings_are_named(sweep):
    with pytest.raises(
        InputError, match=r"give one of its settings: .*s/dense, .*s/norm-k512, .*s/norm-k2048"
    ) as error:
        read_side(str(sweep))
    assert "\n" not in str(error.value)
    assert [run.path.name for run in read_side(f"{sweep / 'dense'}, {sweep / 'norm-k512'}")] == ["dense", "norm-k512"]
