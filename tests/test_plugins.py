"""A package of somebody else's brings a method, a scorer, a task and a scoring rule; no file of ours is changed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lh_eval.store.run import read_run

PLUGIN = Path(__file__).parent / "plugin"
COMMAND = [sys.executable, "-m", "lh_eval"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where the package is installed, beside what is there."""
    site = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    for file in PLUGIN.rglob("*"):  # a build leaves its traces in the source
        if file.is_file() and file.suffix in (".py", ".toml"):
            copy = source / file.relative_to(PLUGIN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(site), str(source)], check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}


def run(environment, *arguments):
    done = subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_one_sweep_over_all_of_them(environment, tmp_path):
    settings = ["dense", "strided:local=128,stride=2", "lighthouse:k=64,scorer=peak:power=2"]
    attention = [item for setting in settings for item in ("--attention", setting)]
    grid = ["--lengths", "512", "--depths", "0,100", "--trials", "1", "--device", "cpu"]
    done = run(environment, "niah", "--task", "colour", *attention, *grid, "--out", str(tmp_path / "out"))
    names = ["dense", "strided_local_128_stride_2", "peak_power_2-k64"]
    assert [line.split()[0] for line in done.stdout.splitlines() if "retrieval rate" in line] == names
    frames = [read_run(tmp_path / "out" / name).frame for name in names]
    assert all(frame["error"].isna().all() and set(frame["scoring"]) == {"first_letter"} for frame in frames)
    assert frames[1]["selection_recall"].notna().all()
    assert (tmp_path / "out" / "sweep.png").exists()
    run(environment, "table", str(tmp_path / "out"))


@pytest.mark.parametrize(("command", "name"), [("methods", "strided"), ("scorers", "peak")])
def test_they_are_listed_and_one_that_is_broken_is_named(environment, command, name):
    done = run(environment, command, "--json")
    assert name in [entry["name"] for entry in json.loads(done.stdout)]
    broken = "wreck cannot be loaded: ModuleNotFoundError: No module named 'lh_eval_example.no_such_module'"
    assert (broken in done.stderr) == (command == "scorers")
    assert command != "scorers" or "of package lh-eval-example" in done.stderr


def test_a_method_takes_no_more_than_sixty_lines():
    source = (PLUGIN / "src" / "lh_eval_example" / "strided.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 60
