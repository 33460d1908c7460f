"""The command itself, killed, terminated and limited while it evaluates the shipped checkpoint.

A run that a signal is to end in its middle is far too long to finish first. Its trials begin with those of a short run,
whose rows its own must equal, however far it got.
"""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lh_eval.store.equality import differing_fields
from lh_eval.store.files import read_samples
from lh_eval.store.rows import to_frame

pytestmark = pytest.mark.reliability

COMMAND = [sys.executable, "-m", "lh_eval", "niah", "--lengths", "256", "--depths", "0,50,100"]
COMMAND += ["--attention", "dense", "--batch-size", "1", "--device", "cpu"]
SHORT, ENDLESS = 8, 3000  # trials; the second are a quarter of an hour
SIGNALS = [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]


def start(out, trials, limit=None):
    def limited():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [*COMMAND, "--trials", str(trials), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=limited,
    )


def finished(out):
    """The rows of the short run, gone on with until it is done."""
    process = start(out, SHORT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return rows(out)


def rows(out):
    """Those in the file, in the order in which they are made."""
    return to_frame(read_samples(out / "samples.jsonl").rows).sort_values(["trial", "depth"])


def written(out):
    return (out / "samples.jsonl").read_bytes().count(b"\n") if (out / "samples.jsonl").exists() else 0


def until(process, condition):
    while not condition():
        assert process.poll() is None
        time.sleep(0.005)


def heeds_signals(process):
    """Whether it catches SIGTERM, which Python of itself does not."""
    caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught.group(1), 16) >> (signal.SIGTERM - 1) & 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_to_the_command(whole, tmp_path, record_property, number, code):
    """It ends a run, and the run that goes on from there; each time all rows are there, once, and the same."""
    goals = (1, 7, 13)
    out = tmp_path / "out"
    for goal in goals:
        process = start(out, ENDLESS)
        until(process, lambda goal=goal: written(out) >= goal)
        kept = written(out)
        process.send_signal(number)
        _, said = process.communicate(timeout=300)
        assert process.returncode == code
        assert "Traceback" not in said
        if number != signal.SIGKILL:
            assert f"lh-eval: interrupted: what was done is in {out}; the same command goes on" in said
            assert (out / "metrics.json").exists()
        got = rows(out)
        assert len(got) >= kept
        compared = min(len(got), len(whole))
        assert not differing_fields(got.head(compared), whole.head(compared))
    record_property("faults", [f"{number.name} to `lh-eval niah`, and to what goes on", len(goals), "nothing"])


@pytest.mark.parametrize(("number", "code"), SIGNALS[1:])
def test_a_signal_at_any_time_of_the_start(tmp_path, record_property, number, code):
    times = [0.0, 0.2, 0.5, 1.0, 1.7, 2.5, 3.5, 5.0]  # seconds since it heeds signals: import, loading, first rows
    for seconds in times:
        process = start(tmp_path / f"{seconds}", ENDLESS)
        until(process, lambda process=process: heeds_signals(process))
        time.sleep(seconds)
        process.send_signal(number)
        _, said = process.communicate(timeout=300)
        assert process.returncode == code
        assert "Traceback" not in said
    record_property("faults", [f"{number.name} while `lh-eval niah` starts", len(times), "nothing"])


def test_a_file_size_limit_of_the_command(whole, tmp_path, record_property):
    process = start(tmp_path / "out", SHORT, limit=8000)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "Traceback" not in said
    assert f"(File too large); its {written(tmp_path / 'out')} rows are kept" in said
    assert written(tmp_path / "out") > 0
    assert not differing_fields(finished(tmp_path / "out"), whole)
    record_property("faults", ["A limit on the size of files (`ulimit -f`) for `lh-eval niah`", 1, "nothing"])
