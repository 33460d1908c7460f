import subprocess

import pytest
import torch

import lh_eval
from lh_eval.bench import environment
from lh_eval.bench.environment import environment_on, source_commit


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a package of one file; `git` runs in it."""
    package = tmp_path / "lh_eval"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(environment.lh_eval, "__file__", str(package / "__init__.py"))

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run(
            ["git", "-C", tmp_path, *identity, *arguments], capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    return git, tmp_path


def test_the_commit_and_whether_the_source_differs(checkout):
    git, root = checkout
    git("add", ".")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "--short", "HEAD")
    assert source_commit() == commit
    (root / "outputs").mkdir()
    (root / "outputs" / "operator.csv").write_text("a result")
    assert source_commit() == commit
    (root / "lh_eval" / "new.py").write_text("")
    assert source_commit() == f"{commit}-dirty"


def test_a_package_in_somebody_elses_repository_has_its_version(checkout):
    assert source_commit() == lh_eval.__version__


def test_without_git(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert source_commit() == lh_eval.__version__


def test_a_cpu_has_its_threads():
    found = environment_on(torch.device("cpu"))
    assert found.gpu == f"cpu ({torch.get_num_threads()} threads)"
    assert found.torch == torch.__version__


def test_a_commit_that_is_given_is_written():
    assert environment_on(torch.device("cpu"), "abc1234").commit == "abc1234"
