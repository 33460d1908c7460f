import pandas as pd

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.settings import setting_cells, setting_label
from lh_eval.store.run import read_run


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
        .drop(columns=["setting", "family", "budget", "budget_name", "reading"])
        .reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(own, cells_of(runs["norm-k8"]))


def test_settings_of_one_scorer_and_budget_are_named_by_their_folders(make_run):
    attention = {"k": 8, "scorer": "norm"}
    runs = {name: read_run(make_run(name, attention=attention)) for name in ("first", "second")}
    cells = setting_cells(runs)
    assert cells["setting"].unique().tolist() == cells["family"].unique().tolist() == ["first", "second"]
