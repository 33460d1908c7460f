"""The command itself, killed, terminated and limited while it evaluates the shipped checkpoint."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from lh_eval.store.run import read_run

pytestmark = pytest.mark.reliability

COMMAND = [sys.executable, "-m", "lh_eval", "niah", "--lengths", "256", "--depths", "0,50,100", "--trials", "8"]
COMMAND += ["--attention", "dense", "--batch-size", "1", "--device", "cpu"]


def start(out, limit=None):
    def limited():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [*COMMAND, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=limited,
    )


def finished(out):
    """The rows of the run, gone on with until it is done."""
    process = start(out)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return read_run(out).frame.drop(columns=["seconds", "answer_logprob", "first_token_logprob", "margin"])


def written(out):
    return (out / "samples.jsonl").read_bytes().count(b"\n") if (out / "samples.jsonl").exists() else 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_the_command(whole, tmp_path, record_property, number, code):
    for rows in (1, 7, 13):
        out = tmp_path / str(rows)
        process = start(out)
        while written(out) < rows:
            time.sleep(0.005)
            assert process.poll() is None
        process.send_signal(number)
        _, said = process.communicate(timeout=300)
        assert process.returncode == code
        assert "Traceback" not in said
        if number != signal.SIGKILL:
            assert f"lh-eval: interrupted: what was done is in {out}; the same command goes on" in said
            assert (out / "metrics.json").exists()
        assert rows <= written(out) < len(whole)
        assert finished(out).equals(whole)
    record_property("reliability", [f"{number.name} to `lh-eval niah`", 3, "nothing"])


def test_a_signal_at_any_time_of_the_start(tmp_path, record_property):
    times = [0.5, 0.8, 1.2, 1.8, 2.5, 3.3, 4.2, 5.2]
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        for seconds in times:
            process = start(tmp_path / f"{number}-{seconds}")
            time.sleep(seconds)
            process.send_signal(number)
            _, said = process.communicate(timeout=300)
            assert process.returncode == code
            assert "Traceback" not in said
    record_property("reliability", ["SIGINT or SIGTERM while `lh-eval niah` starts", 2 * len(times), "nothing"])


def test_a_file_size_limit_of_the_command(whole, tmp_path, record_property):
    process = start(tmp_path / "out", limit=8000)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "Traceback" not in said
    assert f"(File too large); its {written(tmp_path / 'out')} rows are kept" in said
    assert written(tmp_path / "out") > 0
    assert finished(tmp_path / "out").equals(whole)
    record_property("reliability", ["A limit on the size of files (`ulimit -f`) for `lh-eval niah`", 1, "nothing"])
