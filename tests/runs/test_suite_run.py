import pytest

from lh_eval import InputError
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting
from lh_eval.runs.suite import Suite
from lh_eval.runs.suite_run import run_suite
from lh_eval.store.finding import find_runs
from lh_eval.store.run import read_run

SETTINGS = [Setting(), Setting(Lighthouse(k=64, dense_layers=(0, -1)))]


def suite(*tasks, **changes):
    values = {"lengths": (256,), "depths": (0.0, 50.0), "trials": 1} | changes
    return Suite(name="mine", grids=tuple(Grid(task=task, **values) for task in tasks))


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


def test_every_task_under_every_setting_and_again(checkpoint, tmp_path):
    tasks = suite("passkey", "keyed:records=2")
    finished = run_suite(checkpoint, tasks, SETTINGS, tmp_path / "out")
    assert [one.path.name for one in finished] == ["passkey", "keyed_records_2"]
    runs = find_runs([tmp_path / "out"])
    assert {(run.config["task"], run.path.name) for run in runs} == {
        (task, setting) for task in ("passkey", "keyed:records=2") for setting in ("dense", "norm-k64")
    }
    before = {run.path: run.path.joinpath("samples.jsonl").read_bytes() for run in runs}
    run_suite(checkpoint, tasks, SETTINGS, tmp_path / "out")
    assert all(path.joinpath("samples.jsonl").read_bytes() == rows for path, rows in before.items())


def test_one_setting_is_a_run_a_task(checkpoint, tmp_path):
    run_suite(checkpoint, suite("passkey"), [Setting()], tmp_path / "out")
    assert len(read_run(tmp_path / "out" / "passkey").frame) == 2
    assert len(find_runs([tmp_path / "out"])) == 1


def test_another_suite_or_folder_is_refused_before_a_sample(checkpoint, tmp_path):
    run_suite(checkpoint, suite("passkey"), [Setting()], tmp_path / "out")
    with pytest.raises(InputError, match="out must be a new folder or this suite's"):
        run_suite(checkpoint, suite("passkey", trials=2), [Setting()], tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="out must be an empty folder or a suite"):
        run_suite(checkpoint, suite("passkey"), [Setting()], tmp_path / "full")
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["notes.txt"]


def test_a_task_that_cannot_be_built_stops_all(checkpoint, tmp_path):
    with pytest.raises(InputError, match="length must be at least"):
        run_suite(checkpoint, suite("passkey", "keyed:records=50"), [Setting()], tmp_path / "out")
    assert not (tmp_path / "out").exists()
