"""Every write, fsync and rename fails in turn: one line that says so, no half row, and in the end the same rows."""

import errno
import os
import resource

import pytest
from faults import REFUSED, Calls, ended, failing, faulty, in_child

from lh_eval.errors import InputError

CODES = [  # errors, and every how many calls one fails
    pytest.param((errno.ENOSPC,), 1, 4, id="quick"),
    pytest.param((errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EDQUOT), 2, 1, id="all", marks=pytest.mark.reliability),
]
STAYS = 10**9


def made_by(go, out, trials):
    with faulty(Calls()) as calls:
        go(out, trials=trials)
    return [number for number, name in enumerate(calls.made) if name != "ftruncate"]


def assert_nothing_is_torn(out):
    for file in out.rglob("samples.jsonl"):
        assert file.read_bytes()[-1:] in (b"", b"\n")
    assert not list(out.rglob("*.part"))


def disturb(go, left, tmp_path, trials, codes, step, last):
    """Fail each call, go on without faults, and return how many were tried."""
    tries = made_by(go, tmp_path / "whole", trials)[::step]
    whole = left(tmp_path / "whole")
    for code in codes:
        for call in tries:
            out = tmp_path / f"{code}-{call}"
            with pytest.raises(InputError) as error, faulty(Calls(failing(code), call, last(call))):
                go(out, trials=trials)
            message = str(error.value)
            assert os.strerror(code) in message
            assert "\n" not in message
            assert_nothing_is_torn(out)
            go(out, trials=trials)
            assert left(out) == whole
    return len(codes) * len(tries)


@pytest.mark.parametrize(("codes", "trials", "step"), CODES)
def test_a_call_that_fails_once(go, left, tmp_path, record_property, codes, trials, step):
    tried = disturb(go, left, tmp_path, trials, codes, step, lambda call: call)
    record_property("faults", ["A write, an fsync or a rename fails", tried, "nothing"])


@pytest.mark.parametrize(("codes", "trials", "step"), CODES)
def test_a_disk_that_stays_full(go, left, tmp_path, record_property, codes, trials, step):
    tried = disturb(go, left, tmp_path, trials, codes, step, lambda call: STAYS)
    record_property("faults", ["All writes fail from a moment on, as on a full disk", tried, "nothing"])


@pytest.mark.reliability
def test_a_second_process_completes_what_a_failed_one_left(go, left, tmp_path, record_property):
    made = made_by(go, tmp_path / "whole", 4)
    whole = left(tmp_path / "whole")
    for call in made:
        out = tmp_path / str(call)
        with faulty(Calls(failing(), call)):
            first = in_child(lambda out=out: go(out, trials=4))
        second = in_child(lambda out=out: _until_done(go, out))
        assert ended(first) == REFUSED
        assert ended(second) == 0
        assert left(out) == whole
    record_property(
        "faults", ["A write, an fsync or a rename fails, with a second process that waits", len(made), "nothing"]
    )


@pytest.mark.parametrize(
    "times", [pytest.param(4, id="quick"), pytest.param(40, id="many", marks=pytest.mark.reliability)]
)
def test_a_file_size_limit(go, left, tmp_path, record_property, times):
    go(tmp_path / "whole", trials=4)
    whole = left(tmp_path / "whole")
    size = max(file.stat().st_size for file in (tmp_path / "whole").rglob("*") if file.is_file())
    for number in range(times):
        out, limit = tmp_path / str(number), size * number // times

        def limited(out=out, limit=limit):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            go(out, trials=4)

        assert ended(in_child(limited)) == REFUSED
        assert_nothing_is_torn(out)
        go(out, trials=4)
        assert left(out) == whole
    record_property("faults", ["A limit on the size of files (RLIMIT_FSIZE)", times, "nothing"])


def _until_done(go, out):
    while True:
        try:
            return go(out, trials=4)
        except InputError as error:
            if "another process is writing" not in str(error):
                raise
