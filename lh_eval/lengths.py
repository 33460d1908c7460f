"""Lengths as people write them, both ways: 4k is 4096 tokens, and 4096 tokens are 4K."""

import re

from lh_eval.errors import InputError

_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


def parse_length(item: str | int) -> int:
    """A length in tokens: 4096, "4096", "4k" or "1M".

    Raises:
        InputError: it is no positive length.
    """
    match = re.fullmatch(r"([0-9]+)([km]?)", str(item), re.IGNORECASE)
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
