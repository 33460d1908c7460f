import pandas as pd
import pytest
from mixed_sweep import LABELS, write_mixed

from lh_eval import InputError
from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.settings import describe_setting, setting_cells, setting_label
from lh_eval.store.run import read_run
from lh_eval.store.sweep import read_sweep


def test_the_label_is_the_setting_or_the_folder(make_run):
    assert setting_label(read_run(make_run("a"))) == "dense"
    assert setting_label(read_run(make_run("b", attention={"k": 8, "scorer": "qk:dilation=8"}))) == "qk:dilation=8 k=8"
    assert setting_label(read_run(make_run("c", attention="other"))) == "c"


def test_cells_know_their_scorer_and_budget_and_dense_comes_first(make_run):
    runs = {
        "norm-k8": read_run(make_run("norm-k8", attention={"k": 8, "scorer": "norm"})),
        "dense": read_run(make_run("dense")),
    }
    cells = setting_cells(runs)
    assert cells["setting"].unique().tolist() == ["dense", "norm k=8"]
    assert cells["family"].isna().tolist() == [True] * 4 + [False] * 4
    assert cells["budget"].isna().tolist() == [True] * 4 + [False] * 4
    own = (
        cells[cells["setting"] == "norm k=8"]
        .drop(columns=["setting", "family", "budget", "budget_name", "reading", "prefix_hole"])
        .reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(own, cells_of(runs["norm-k8"]))


def test_settings_of_one_scorer_and_budget_are_named_by_their_folders(make_run):
    attention = {"k": 8, "scorer": "norm"}
    runs = {name: read_run(make_run(name, attention=attention)) for name in ("first", "second")}
    cells = setting_cells(runs)
    assert cells["setting"].unique().tolist() == cells["family"].unique().tolist() == ["first", "second"]


def test_a_run_says_how_it_is_named_and_read(make_run, tmp_path):
    write_mixed(make_run, "s")
    runs = read_sweep(tmp_path / "s").runs
    assert {name: setting_label(run) for name, run in runs.items()} == LABELS
    described = {name: describe_setting(run) for name, run in runs.items()}
    assert described["press_snapkv_ratio_0.5"][1:5] == ("press:snapkv", 0.5, "ratio", "context")
    assert described["lighthouse_k_512_num_levels_4"][1:5] == ("norm num_levels=4", 512, "k", "prompt")
    assert described["dense"] == ("dense", None, None, None, "prompt", 0)
    cells = setting_cells(runs)
    assert cells["setting"].iloc[0] == "dense"
    assert sorted(cells["setting"].unique()) == sorted(LABELS.values())
    assert cells[cells["setting"] == "window tokens=1024"]["budget"].tolist() == [1024] * 4


def test_runs_of_before_are_of_lighthouse_and_read_the_context(make_run):
    old = read_run(make_run("a", attention={"k": 8, "scorer": "norm"}))
    assert describe_setting(old) == ("norm k=8", "norm", 8, "k", "context", 0)


@pytest.mark.parametrize(("cover", "expected"), [(False, 15), (True, 0)])
def test_cells_with_a_needle_in_the_prefix_hole_are_told(make_run, cover, expected):
    pyramid = {"num_levels": 3, "pooling_factor": 4, "cover_prefix": cover}
    run = read_run(make_run("a", attention={"k": 8, "scorer": "norm", **pyramid}))
    early = run._replace(frame=run.frame.assign(needle_start=run.frame["depth"].astype("Int64")))
    cells = setting_cells({"a": early})
    assert cells["prefix_hole"].tolist() == [expected if depth < 15 else 0 for depth in cells["depth"]]
    recorded = run.config | {"setting": {"family": "norm", "budget": 8, "budget_name": "k", "prefix_hole": 60}}
    assert set(setting_cells({"a": early._replace(config=recorded)})["prefix_hole"]) == {60, 0}


def test_only_settings_of_one_label_are_named_by_their_folders(make_run):
    runs = {name: read_run(make_run(name, attention={"k": 8, "scorer": "norm"})) for name in ("first", "second")}
    runs["qk-k8"] = read_run(make_run("qk-k8", attention={"k": 8, "scorer": "qk"}))
    assert setting_cells(runs)["setting"].unique().tolist() == ["first", "second", "qk k=8"]


@pytest.mark.parametrize(
    ("attention", "hole"),
    [({"num_levels": 4, "pooling_factor": 2}, 7), ({"num_levels": 4}, 0), ({"num_levels": 0, "pooling_factor": 2}, 0)],
)
def test_a_pyramid_without_budget_has_its_hole_too(make_run, attention, hole):
    described = describe_setting(read_run(make_run("odd", attention=attention, reading="prompt")))
    assert described == ("odd", "odd", None, None, "prompt", hole)


def test_a_hole_is_a_number_of_tokens(make_run):
    pyramid = {"k": 8, "scorer": "norm", "num_levels": 3, "pooling_factor": "4"}
    with pytest.raises(InputError, match="pooling_factor must be an integer from 0 to 1024, got '4'"):
        describe_setting(read_run(make_run("a", attention=pyramid)))
    recorded = {"family": "norm", "budget": 8, "budget_name": "k", "prefix_hole": {}}
    with pytest.raises(InputError, match="prefix_hole must be an integer"):
        describe_setting(read_run(make_run("b", attention={"k": 8}, setting=recorded)))
