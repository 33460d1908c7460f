"""SIGKILL at every moment at which something is half done: what is resumed equals what was never disturbed."""

import os
import signal
import time

import pytest
from faults import REFUSED, Calls, ended, faulty, in_child, killing

from lh_eval.errors import InputError

SHARES = {"write": (0.0, 0.25, 0.5, 0.75, 1.0)}
SIZES = [pytest.param(1, 12, id="quick"), pytest.param(4, None, id="every", marks=pytest.mark.reliability)]


def moments(made, most):
    """Each call with each share of it that is done; `most` of them, evenly."""
    every = [(number, share) for number, name in enumerate(made) for share in SHARES.get(name, (0.0, 1.0))]
    step = 1 if most is None else len(every) / most
    return [every[int(index * step)] for index in range(most or len(every))]


def undisturbed(go, out, trials):
    with faulty(Calls()) as calls:
        go(out, trials=trials)
    return calls.made


@pytest.mark.parametrize(("trials", "most"), SIZES)
def test_a_killed_run_is_completed(go, left, tmp_path, record_property, trials, most):
    made = undisturbed(go, tmp_path / "whole", trials)
    whole = left(tmp_path / "whole")
    tried = moments(made, most)
    for number, (call, share) in enumerate(tried):
        out = tmp_path / str(number)
        with faulty(Calls(killing(share), call)):
            assert ended(in_child(lambda out=out: go(out, trials=trials))) == -signal.SIGKILL
        go(out, trials=trials)
        assert left(out) == whole
    record_property("faults", ["SIGKILL, between calls and in the middle of a write", len(tried), "nothing"])


@pytest.mark.parametrize(("trials", "most"), SIZES)
def test_a_second_process_completes_what_a_killed_one_left(go, left, tmp_path, record_property, trials, most):
    made = undisturbed(go, tmp_path / "whole", trials)
    whole = left(tmp_path / "whole")
    tried = moments(made, most)
    killed = 0
    for number, (call, share) in enumerate(tried):
        out = tmp_path / str(number)
        with faulty(Calls(killing(share), call)):
            first = in_child(lambda out=out: go(out, trials=trials, before=lambda _: time.sleep(0.002)))
        second = in_child(lambda out=out: until_free(go, out, trials))
        code = ended(first)
        assert code in (-signal.SIGKILL, REFUSED)  # the second may have been first
        killed += code == -signal.SIGKILL
        assert ended(second) == 0
        assert left(out) == whole
    assert killed > len(tried) / 2
    record_property("faults", ["SIGKILL, with a second process that waits for the folder", killed, "nothing"])


@pytest.mark.parametrize(
    ("trials", "times"),
    [pytest.param(4, 3, id="quick"), pytest.param(40, 50, id="many", marks=pytest.mark.reliability)],
)
def test_kills_from_outside_at_any_time(go, left, tmp_path, record_property, trials, times):
    begun = time.perf_counter()
    go(tmp_path / "whole", trials=trials)
    whole, lasts = left(tmp_path / "whole"), time.perf_counter() - begun
    for number in range(times):
        out = tmp_path / str(number)
        child = in_child(lambda out=out: go(out, trials=trials))
        time.sleep(lasts * (number + 0.5) / times)
        os.kill(child, signal.SIGKILL)
        assert ended(child) in (-signal.SIGKILL, 0)
        go(out, trials=trials)
        assert left(out) == whole
    record_property("faults", ["SIGKILL from outside, spread over the time of a run", times, "nothing"])


def until_free(go, out, trials):
    """What a second process does: try until nobody else writes."""
    while True:
        try:
            return go(out, trials=trials)
        except InputError as error:
            if "another process is writing" not in str(error):
                raise
            time.sleep(0.002)
