"""What the options of several commands mean: comma-separated lengths, depths, budgets, names and layers."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from lh_eval.errors import InputError
from lh_eval.lengths import parse_length

T = TypeVar("T")


def parse_lengths(text: str) -> list[int]:
    """Lengths in tokens: `4k,8k,16384,1M` is [4096, 8192, 16384, 1048576].

    Raises:
        InputError: an item is no positive length, or is there twice.
    """
    return _each("lengths", text, parse_length)


def parse_depths(text: str) -> list[float]:
    """Depths in percent: `0,12.5,100`.

    Raises:
        InputError: an item is no number from 0 to 100, or is there twice.
    """

    def parse(item: str) -> float:
        try:
            depth = float(item)
        except ValueError:
            depth = float("nan")
        if not 0 <= depth <= 100:
            raise InputError(f"depth must be from 0 to 100, got {item}")
        return depth

    return _each("depths", text, parse)


def parse_ints(text: str, name: str, *, minimum: int | None = None) -> list[int]:
    """Integers: `2048,512`.

    Args:
        text: what the user gave.
        name: what they are, for messages ("k").
        minimum: the least that is allowed.

    Raises:
        InputError: an item is no such integer, or is there twice.
    """
    expected = "an integer" if minimum is None else f"an integer from {minimum} on"

    def parse(item: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]+", item) or (minimum is not None and int(item) < minimum):
            raise InputError(f"{name} must be {expected}, got {item!r}")
        return int(item)

    return _each(name, text, parse)


def parse_names(text: str, name: str = "scorer") -> list[str]:
    """Names with options: `norm,qk:dilation=8,causal=1,random` is [`norm`, `qk:dilation=8,causal=1`, `random`].

    Args:
        text: what the user gave.
        name: what they are, for messages ("scorer").

    Raises:
        InputError: an item is empty, an option has no name before it, or an item is there twice.
    """
    specs: list[str] = []
    for item in _items(name, text):
        if "=" not in item.partition(":")[0]:
            specs.append(item)
        elif specs and ":" in specs[-1]:  # a further option of the name before it
            specs[-1] += f",{item}"
        else:
            raise InputError(
                f"{name} must be NAME or NAME:OPTION=VALUE, got {item!r}; write the name before its option"
            )
    return _distinct(name, specs)


def parse_layers(text: str) -> list[int]:
    """Layer numbers: `0,1,-2,-1`, negative ones from the last; `none` is no layer.

    Raises:
        InputError: an item is no integer, or is there twice.
    """
    return [] if text.strip() == "none" else parse_ints(text, "layer")


def _each(name: str, text: str, parse: Callable[[str], T]) -> list[T]:
    return _distinct(name, [parse(item) for item in _items(name, text)])


def _items(name: str, text: str) -> list[str]:
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise InputError(f"{name} must be a list such as A,B,C, got {text!r} with an empty item")
    return items


def _distinct(name: str, values: Sequence[T]) -> list[T]:
    for i, value in enumerate(values):
        if value in values[:i]:
            raise InputError(f"{name} must be different from one another, got {value} twice")
    return list(values)
