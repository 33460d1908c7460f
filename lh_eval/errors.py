"""The one exception for bad input: the command line turns it into one line and exit code 2."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message reads "<name> must be <expected>, got <actual>; <how to fix>".
    """


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not registered, naming the nearest one that is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]!r}?" if near else f"no {kind} is registered"
    return InputError(f"{kind} must be one of {', '.join(known)}, got {name!r}; {hint}")
