"""Faults of the disk and of the process: one of the calls by which the store changes files fails, or is the last."""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from lh_eval.errors import InputError

CALLS = ("write", "fsync", "ftruncate", "replace")
Act = Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]
REFUSED = 2


class Calls:
    """The calls that were made, by name; `act` takes the place of those from number `first` to `last`."""

    def __init__(self, act: Act | None = None, first: int = 0, last: int | None = None) -> None:
        self.made: list[str] = []
        self._act, self._first, self._last = act, first, first if last is None else last

    def take(self, name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self.made.append(name)
        if self._act is None or not self._first <= len(self.made) - 1 <= self._last:
            return real(*arguments)
        return self._act(name, real, arguments)


@contextlib.contextmanager
def faulty(calls: Calls) -> Iterator[Calls]:
    """Within this, the store's calls go through `calls`."""
    with contextlib.ExitStack() as stack:
        for name in CALLS:
            real = getattr(os, name)

            def call(*arguments: Any, _name: str = name, _real: Callable[..., Any] = real) -> Any:
                return calls.take(_name, _real, arguments)

            stack.enter_context(mock.patch.object(os, name, call))
        yield calls


def failing(code: int = errno.ENOSPC) -> Act:
    """A call fails; one that writes takes half of the bytes first, as a disk does that fills up."""

    def act(name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if name == "ftruncate":  # which no full disk refuses
            return real(*arguments)
        if name == "write":
            real(arguments[0], arguments[1][: len(arguments[1]) // 2])
        raise OSError(code, os.strerror(code))

    return act


def killing(share: float) -> Act:
    """SIGKILL: of a call that writes when that share of its bytes is through, of another before it (0) or after (1)."""

    def act(name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if name == "write":
            real(arguments[0], arguments[1][: int(share * len(arguments[1]))])
        elif share:
            real(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    return act


def in_child(action: Callable[[], object]) -> int:
    """Start a process that does this and nothing else; returns its number. It exits with 0, `REFUSED` or 70."""
    number = os.fork()
    if number:
        return number
    code = 70
    try:
        action()
        code = 0
    except InputError as error:
        code = REFUSED
        with contextlib.suppress(OSError):  # what pytest shows where a test fails goes to a file, too
            sys.stderr.write(f"{error}\n")
    finally:
        os._exit(code)


def ended(number: int) -> int:
    """Wait for a process; returns its exit code, of one that a signal ended less than 0."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
