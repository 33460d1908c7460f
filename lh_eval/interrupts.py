"""SIGINT and SIGTERM: what is under way ends in order, and what was only begun to be imported ends at once.

`heed` makes both raise KeyboardInterrupt, which `resumable` turns into the message that says where what was done lies.
An import must not be torn by an exception: modules catch it, or are left half made, and the interpreter prints what its
own callbacks raise. While the first imports run nothing is under way, and the process can simply end; a later import is
let through, and `stop_if_asked`, which whoever is under way calls every now and then, stops after it.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

from lh_eval.errors import Interrupted

_HEEDED = (signal.SIGINT, signal.SIGTERM)
_received: list[int] = []
_under_way: list[str] = []


def heed() -> None:
    """From here on, both signals stop this process as described above."""
    owner = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a fork, such as a loader's process, dies of it as any other
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        _received.append(number)
        if not _is_importing(frame):
            raise KeyboardInterrupt
        if not _under_way or len(_received) > 1:
            os._exit(exit_code())

    for number in _HEEDED:
        signal.signal(number, stop)


def exit_code() -> int:
    """What a shell says of a process that the first received signal ended; 130, Ctrl-C's, where none was heeded."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def received() -> bool:
    """Whether one came: what fails after it may fail for it."""
    return bool(_received)


def stop_if_asked() -> None:
    """Stop where a signal came that raised nothing, or whose exception was swallowed.

    Raises:
        KeyboardInterrupt: one came.
    """
    if _received:
        raise KeyboardInterrupt


@contextlib.contextmanager
def resumable(message: str) -> Iterator[None]:
    """Within this there is something to go on with.

    Args:
        message: where it lies and how to go on.

    Raises:
        Interrupted: instead of KeyboardInterrupt, with that message.
    """
    _under_way.append(message)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(message) from None
    finally:
        _under_way.pop()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
