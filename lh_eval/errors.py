"""What ends a command in one line: bad input (exit code 2), and a signal (130 or 143)."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message reads "<name> must be <expected>, got <actual>; <how to fix>", on one line whatever was given.
    """

    def __init__(self, message: str) -> None:
        super().__init__("\\n".join(message.splitlines()))


class InvalidSampleError(InputError):
    """A sample that cannot be scored, whatever a model says to it: its row has the reason, and no score."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM stopped what can be gone on with; the message says where it lies and how to go on.

    As KeyboardInterrupt it is no Exception, which code in between might swallow; nor is it a KeyboardInterrupt, which
    typer swallows.
    """


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not registered, naming the nearest one that is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]!r}?" if near else f"no {kind} is registered"
    return InputError(f"{kind} must be one of {', '.join(known)}, got {name!r}; {hint}")
