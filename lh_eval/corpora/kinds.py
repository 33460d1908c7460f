"""What the values of a data set's columns must be, so that a column of the right name and another content is said."""

from collections.abc import Callable
from typing import Any, NamedTuple

from lh_eval.errors import InputError

SHOWN = 60


class ValueKind(NamedTuple):
    """A kind of value.

    expected: what messages call it.
    fits: whether a value is one.
    """

    expected: str
    fits: Callable[[Any], bool]

    def check(self, value: Any, column: str, row: int, shown: str) -> None:
        """Raise InputError where a value, in a column and row (from 1) of the data `shown`, is of another kind."""
        if not self.fits(value):
            got = repr(value)
            got = got if len(got) <= SHOWN else f"{got[:SHOWN]}..."
            raise InputError(
                f"column {column!r} must be {self.expected}, got {got} in row {row} of {shown}; mend or drop that row"
            )


TEXT = ValueKind("text", lambda value: isinstance(value, str))
NUMBER = ValueKind("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool))
TEXT_OR_NUMBER = ValueKind("text or a whole number", lambda value: TEXT.fits(value) or NUMBER.fits(value))


def one_of(*values: str) -> ValueKind:
    """One of these texts."""
    return ValueKind(f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values)


def list_of(kind: ValueKind, least: int = 0) -> ValueKind:
    """A list of at least so many values of a kind."""
    expected = f"a list{f' of at least {least}' if least else ''}, each {kind.expected}"
    return ValueKind(
        expected, lambda value: isinstance(value, list) and len(value) >= least and all(map(kind.fits, value))
    )


def fields(**kinds: ValueKind) -> ValueKind:
    """A dictionary with these keys, others aside."""
    expected = f"fields {' and '.join(f'{name!r} ({kind.expected})' for name, kind in kinds.items())}"
    return ValueKind(
        expected,
        lambda value: (
            isinstance(value, dict) and all(name in value and kind.fits(value[name]) for name, kind in kinds.items())
        ),
    )


def parallel_lists(**kinds: ValueKind) -> ValueKind:
    """A dictionary of lists of one length, of these kinds."""
    lists = fields(**{name: list_of(kind) for name, kind in kinds.items()})
    return ValueKind(
        f"{lists.expected}, of one length",
        lambda value: lists.fits(value) and len({len(value[name]) for name in kinds}) == 1,
    )


def values_of(kind: ValueKind) -> ValueKind:
    """A dictionary with values of a kind, or None, which stands for a key that another row has."""
    return ValueKind(
        f"a dictionary, each value {kind.expected}",
        lambda value: isinstance(value, dict) and all(item is None or kind.fits(item) for item in value.values()),
    )
