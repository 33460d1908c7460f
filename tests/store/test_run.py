import pytest

from lh_eval import InputError
from lh_eval.store.folder import RunFolder
from lh_eval.store.run import read_run

CONFIG = {"task": "passkey", "lengths": [4096], "depths": [50], "attention": {"k": 512, "scorer": "norm"}}


@pytest.mark.parametrize("name", ["config.json", "samples.jsonl"])
def test_a_folder_that_is_no_run_is_refused(tmp_path, name):
    RunFolder.open(tmp_path / "run", CONFIG).close()
    (tmp_path / "run" / name).unlink()
    with pytest.raises(InputError, match=r"run must be a folder with config\.json and samples\.jsonl"):
        read_run(tmp_path / "run")


def test_a_broken_configuration_is_named(tmp_path):
    RunFolder.open(tmp_path, CONFIG).close()
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json must be a readable JSON file"):
        read_run(tmp_path)


@pytest.mark.parametrize(("name", "values"), [("lengths", ["a"]), ("depths", 3), ("lengths", [True])])
def test_a_configuration_without_numbers_is_named(tmp_path, name, values):
    RunFolder.open(tmp_path, CONFIG | {name: values}).close()
    with pytest.raises(InputError, match=rf"config\.json must list numbers under {name}, got"):
        read_run(tmp_path)
