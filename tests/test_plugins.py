"""A package of somebody else's brings a method, a scorer, a task and a scoring rule; no file of ours is changed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lh_eval.store.run import read_run

PLUGIN = Path(__file__).parent / "plugin"
PROGRAM = """
import json, sys
from lh_eval.cli.app import main
for command in json.loads(sys.argv[1]):
    print(f"<{command[0]}>", flush=True)
    print(f"<{command[0]}>", file=sys.stderr, flush=True)
    assert main(command) == 0, command
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where the package is installed, beside what is there: its modules, and the metadata that pip makes."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(
        PLUGIN / "src", site, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = []
    for group, entries in project["entry-points"].items():
        points += [f"[{group}]", *(f"{name} = {place}" for name, place in entries.items())]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    about = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    for name, lines in {"METADATA": about, "entry_points.txt": points}.items():
        (info / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "out"


@pytest.fixture(scope="module")
def printed(environment, out):
    """What each command printed, and what it said on stderr: in one process, for most of its time is imports."""
    settings = ["dense", "strided:local=128,stride=2", "lighthouse:k=64,scorer=peak:power=2"]
    attention = [item for setting in settings for item in ("--attention", setting)]
    grid = ["--lengths", "512", "--depths", "0,100", "--trials", "1", "--device", "cpu"]
    commands = [
        ["methods", "--json"],
        ["scorers", "--json"],
        ["niah", "--task", "colour", *attention, *grid, "--out", str(out)],
        ["table", str(out)],
    ]
    program = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    parts = [re.split(r"^<\w+>\n", text, flags=re.MULTILINE)[1:] for text in (done.stdout, done.stderr)]
    return {command[0]: texts for command, *texts in zip(commands, *parts, strict=True)}


@pytest.mark.long
def test_one_sweep_over_all_of_them(printed, out):
    names = ["dense", "strided_local_128_stride_2", "peak_power_2-k64"]
    assert [line.split()[0] for line in printed["niah"][0].splitlines() if "retrieval rate" in line] == names
    frames = [read_run(out / name).frame for name in names]
    assert all(frame["error"].isna().all() and set(frame["scoring"]) == {"first_letter"} for frame in frames)
    assert frames[1]["selection_recall"].notna().all()
    assert (out / "sweep.png").exists()
    assert "strided" in printed["table"][0]


@pytest.mark.long
@pytest.mark.parametrize(("command", "name"), [("methods", "strided"), ("scorers", "peak")])
def test_they_are_listed_and_one_that_is_broken_is_named(printed, command, name):
    listed, said = printed[command]
    assert name in [entry["name"] for entry in json.loads(listed)]
    broken = "wreck cannot be loaded: ModuleNotFoundError: No module named 'lh_eval_example.no_such_module'"
    assert (broken in said) == (command == "scorers")
    assert command != "scorers" or "of package lh-eval-example" in said


def test_a_method_takes_no_more_than_sixty_lines():
    source = (PLUGIN / "src" / "lh_eval_example" / "strided.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 60
