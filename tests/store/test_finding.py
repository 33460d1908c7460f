import pytest

from lh_eval import InputError
from lh_eval.store.finding import find_runs


def test_runs_are_found_in_runs_sweeps_and_folders_of_both(make_run, tmp_path):
    for name in ("all/other", "all/passkey/dense", "all/passkey/norm-k8"):
        make_run(name)
    found = [run.path.relative_to(tmp_path / "all").as_posix() for run in find_runs([tmp_path / "all"])]
    assert found == ["other", "passkey/dense", "passkey/norm-k8"]
    assert [run.path for run in find_runs([tmp_path / "all/other"])] == [tmp_path / "all/other"]


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(InputError, match="run must be a folder with runs"):
        find_runs([tmp_path])
