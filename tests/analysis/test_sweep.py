import json

from lh_eval.analysis.sweep import sweep_summary
from lh_eval.store.sweep import read_settings, write_sweep


def test_settings_stand_beside_dense(sweep):
    values = sweep_summary(read_settings(sweep, ["norm-k512", "norm-k2048", "dense"]))
    write_sweep(sweep, values)
    assert json.loads((sweep / "sweep.json").read_text()) == values
    dense, small, large = values["settings"]
    assert [entry["name"] for entry in values["settings"]] == ["dense", "norm-k512", "norm-k2048"]
    assert dense["difference"] is None
    assert (dense["mean_rate"], dense["n"], dense["selection_recall"]) == (1.0, 8, None)
    assert dense["ci_low"] < 1.0 == dense["ci_high"]
    assert small["difference"] == {"mean": -1.0, "pairs": 8, "gained": 0, "lost": 8, "p_value": 2 / 2**8}
    assert large["difference"]["mean"] == 0.0


def test_without_dense_there_is_no_difference(sweep):
    entries = sweep_summary(read_settings(sweep, ["norm-k2048", "norm-k512"]))["settings"]
    assert [entry["difference"] for entry in entries] == [None] * 2
