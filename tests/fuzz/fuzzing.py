"""One input to one reader: it reads it, or says in one line what is wrong with it, and soon."""

import signal
import traceback
import types
from pathlib import Path
from typing import NamedTuple

from readers import Reader

from lh_eval.errors import InputError

SECONDS = 10  # of the processor, which others may keep busy


class Slow(BaseException):
    """A reader took too long; no Exception, which readers may turn into their own."""


class Problem(NamedTuple):
    """What a reader did wrong.

    place: the line of ours that was reached last.
    problem: what happened.
    """

    place: str
    problem: str


def broken(reader: Reader, folder: Path, data: bytes) -> Problem | None:
    """What a reader did wrong; None where it read the input or refused it in one line."""
    error = _error_of(reader, folder, data)
    match error:
        case None:
            return None
        case InputError() if len(str(error).splitlines()) == 1:
            return None
        case InputError():
            return Problem(_place(error), f"several lines: {error}")
        case Slow():
            return Problem(_place(error), f"no answer in {SECONDS} s")
    return Problem(_place(error), f"{type(error).__name__}: {error}")


def _error_of(reader: Reader, folder: Path, data: bytes) -> BaseException | None:
    """How a reader ended; the alarm is off again before anyone looks at it."""
    previous = signal.signal(signal.SIGPROF, _stop)
    try:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            reader.read(folder, data)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except (Exception, Slow) as error:
        return error
    finally:
        signal.signal(signal.SIGPROF, previous)
    return None


def _place(error: BaseException) -> str:
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}"


def _stop(number: int, frame: types.FrameType | None) -> None:
    raise Slow
