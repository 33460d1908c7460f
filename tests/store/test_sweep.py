import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval import InputError
from lh_eval.store.sweep import is_sweep, read_sweep, setting_name, write_sweep


@pytest.fixture
def sweep(make_run, tmp_path):
    for k in (512, 2048):
        attention = {"k": k, "scorer": "norm"}
        make_run(f"s/norm-k{k}", attention=attention, score=lambda length, depth, trial, k=k: length <= k)
    make_run("s/dense")
    return tmp_path / "s"


def test_names_of_settings():
    assert setting_name() == "dense"
    assert setting_name("norm", 2048) == "norm-k2048"
    assert setting_name("qk:dilation=8", 512) == "qk_dilation_8-k512"


@given(scorer=st.text(min_size=1), k=st.integers(1, 10**6))
def test_any_scorer_makes_one_plain_folder_name(scorer, k):
    name = setting_name(scorer, k)
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>|=, \n\0')
    assert name.endswith(f"-k{k}")


def test_settings_stand_beside_dense(sweep):
    values = write_sweep(sweep, ["norm-k512", "norm-k2048", "dense"])
    assert json.loads((sweep / "sweep.json").read_text()) == values
    dense, small, large = values["settings"]
    assert [entry["name"] for entry in values["settings"]] == ["dense", "norm-k512", "norm-k2048"]
    assert dense["difference"] is None
    assert (dense["mean_rate"], dense["n"], dense["selection_recall"]) == (1.0, 8, None)
    assert dense["ci_low"] < 1.0 == dense["ci_high"]
    assert small["difference"] == {"mean": -1.0, "pairs": 8, "gained": 0, "lost": 8, "p_value": 2 / 2**8}
    assert large["difference"]["mean"] == 0.0
    assert read_sweep(sweep).runs.keys() == {"dense", "norm-k512", "norm-k2048"}


def test_without_dense_there_is_no_difference(sweep):
    assert [entry["difference"] for entry in write_sweep(sweep, ["norm-k2048", "norm-k512"])["settings"]] == [None] * 2


def test_a_later_sweep_keeps_the_settings_before(sweep):
    write_sweep(sweep, ["norm-k512"])
    names = [entry["name"] for entry in write_sweep(sweep, ["norm-k2048", "dense"])["settings"]]
    assert names == ["dense", "norm-k2048", "norm-k512"]


def test_an_interrupted_sweep_is_read_by_its_folders(sweep):
    assert is_sweep(sweep)
    assert not is_sweep(sweep / "dense")
    assert list(read_sweep(sweep).runs) == ["dense", "norm-k512", "norm-k2048"]


def test_another_model_does_not_belong_to_the_sweep(sweep, make_run):
    make_run("s/qk-k512", model="other")
    with pytest.raises(InputError, match=r"share everything but attention, got .*qk-k512 where model absent there"):
        write_sweep(sweep, ["dense", "qk-k512"])
    assert not (sweep / "sweep.json").exists()


def test_a_missing_setting_and_a_foreign_folder_are_refused(sweep, tmp_path):
    write_sweep(sweep, ["dense"])
    (sweep / "dense" / "config.json").unlink()
    with pytest.raises(InputError, match="run must be a folder with"):
        read_sweep(sweep)
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "absent"):
        with pytest.raises(InputError, match="sweep must be a folder of runs"):
            read_sweep(path)


@pytest.mark.parametrize("text", ['{"settings": [1]}', "{}", '{"settings": 3}'])
def test_a_broken_sweep_file_is_named(sweep, text):
    (sweep / "sweep.json").write_text(text)
    with pytest.raises(InputError, match=r"sweep\.json must list settings"):
        read_sweep(sweep)
