"""Lengths as people write them, both ways: 4k is 4096 tokens, and 4096 tokens are 4K."""

import re
from collections.abc import Iterable

from lh_eval.errors import InputError

DEPTH_TOLERANCE = 2.0  # points of the context that a needle may be off the depth that was asked for

_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


def parse_length(item: str | int) -> int:
    """A length in tokens: 4096, "4096", "4k" or "1M".

    Raises:
        InputError: it is no positive length.
    """
    match = re.fullmatch(r"([0-9]{1,15})([km]?)", str(item), re.IGNORECASE)
    length = int(match[1]) * _UNITS[match[2].lower()] if match else 0
    if length < 1:
        raise InputError(f"length must be a positive number of tokens such as 4096 or 4k, got {item!r}")
    return length


def length_label(length: int) -> str:
    """Write a length as in a paper: 4096 is 4K, 1048576 is 1M, 4000 stays 4000."""
    for unit, size in (("M", 1024**2), ("K", 1024)):
        if length >= size and length % size == 0:
            return f"{length // size}{unit}"
    return str(length)


def length_labels(lengths: Iterable[int]) -> list[str]:
    """Write the lengths of one axis in one way: as `length_label` does, or all in tokens where one of them has no unit.

    4096 and 8192 are 4K and 8K; beside 8000, 4096 is 4096. What is shorter than 1K is in tokens either way.
    """
    found = list(lengths)
    labels = [length_label(length) for length in found]
    if any(length >= 1024 and label.isdecimal() for length, label in zip(found, labels, strict=True)):
        return [str(length) for length in found]
    return labels
