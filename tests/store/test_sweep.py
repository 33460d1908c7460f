import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval import InputError
from lh_eval.store.sweep import is_sweep, read_settings, read_sweep, setting_name, write_sweep


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


def listed(sweep, *names):
    runs = read_settings(sweep, names)
    write_sweep(sweep, {"settings": [{"name": name} for name in runs]})
    return list(runs)


def test_dense_comes_first(sweep):
    assert listed(sweep, "norm-k512", "norm-k2048", "dense") == ["dense", "norm-k512", "norm-k2048"]
    assert list(read_sweep(sweep).runs) == ["dense", "norm-k512", "norm-k2048"]


def test_a_later_sweep_keeps_the_settings_before(sweep):
    listed(sweep, "norm-k512")
    assert listed(sweep, "norm-k2048", "dense") == ["dense", "norm-k2048", "norm-k512"]


def test_an_interrupted_sweep_is_read_by_its_folders(sweep):
    assert is_sweep(sweep)
    assert not is_sweep(sweep / "dense")
    assert list(read_sweep(sweep).runs) == ["dense", "norm-k512", "norm-k2048"]


def test_another_model_does_not_belong_to_the_sweep(sweep, make_run):
    make_run("s/qk-k512", model="other")
    with pytest.raises(InputError, match=r"share everything but attention, .*, got .*qk-k512 where model absent there"):
        listed(sweep, "dense", "qk-k512")
    assert not (sweep / "sweep.json").exists()


def test_a_missing_setting_and_a_foreign_folder_are_refused(sweep, tmp_path):
    listed(sweep, "dense")
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


def test_settings_may_differ_in_how_they_are_described_and_read(sweep, make_run):
    window = {"attention": {"method": "window", "tokens": 8}, "setting": {"text": "window:tokens=8"}}
    make_run("s/window_tokens_8", **window, reading="context")
    assert "window_tokens_8" in listed(sweep, "dense", "window_tokens_8")


def test_numbers_in_names_are_in_order(make_run, tmp_path):
    names = ["block_top_8", "block_top_16", "norm-k512", "norm-k2048", "window"]
    for name in names:
        make_run(f"t/{name}", attention={"method": name})
    assert list(read_sweep(tmp_path / "t").runs) == names
