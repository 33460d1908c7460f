"""`Spec`: a plug-in with its options as text, `qk:dilation=8`, in the one form that means the same everywhere.

    spec = SCORERS.spec("qk:dilation=8")
    spec.name, spec.options, spec.slug  # "qk", {"dilation": 8}, "qk_dilation_8"

Grammar: `NAME`, or `NAME:OPTION=VALUE,OPTION=VALUE`. A value that holds a comma is put in brackets, so that specs nest:
`lighthouse:scorer=[pooled-qk:window=8,own=0.1]`. Where an option must be given, its value may stand first without its
name: `press:snapkv`. Lists are written with slashes, `0/1/-2/-1`, and `none` is the empty one.
"""

import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from lh_eval.errors import InputError


class Spec(str):
    """Canonical text of a plug-in: a string, with what it says beside it. Registries make them.

    Attributes:
        name: under which the plug-in is registered.
        options: those that differ from their defaults, typed, in the order of the plug-in's fields.
    """

    name: str
    options: dict[str, Any]

    def __new__(cls, name: str, options: Mapping[str, Any] | None = None) -> "Spec":
        """Write the canonical text of a name and the options that differ from their defaults."""
        options = dict(options or {})
        items = ",".join(f"{key}={format_value(value)}" for key, value in options.items())
        spec = super().__new__(cls, f"{name}:{items}" if items else name)
        spec.name, spec.options = name, options
        return spec

    def __reduce__(self) -> Any:
        return Spec, (self.name, self.options)

    @property
    def slug(self) -> str:
        """The spec as the name of a file or folder."""
        return slug(self)


def slug(text: str) -> str:
    """A text as the name of a file or folder: what others than letters, digits, `.` and `-` are becomes `_`."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text)


def split_spec(text: str) -> tuple[str, list[str]]:
    """The name and the items `OPTION=VALUE` of a spec.

    Raises:
        InputError: a bracket is not closed.
    """
    name, _, tail = text.partition(":")
    return name.strip(), [item for item in split_items(tail) if item]


def split_items(text: str) -> list[str]:
    """Text cut at its commas, those in brackets left alone.

    Raises:
        InputError: a bracket is not closed, or none was opened.
    """
    items, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if depth < 0:
            break
        if letter == "," and not depth:
            items.append(text[start:place].strip())
            start = place + 1
    if depth:
        raise InputError(f"brackets must be closed where they are opened, got {text!r}")
    return [*items, text[start:].strip()]


def format_value(value: Any) -> str:
    """A typed option as text, as `parse_value` reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "/".join(map(str, value)) or "none"
    text = str(value)
    return f"[{text}]" if "," in text else text


def parse_value(text: str, annotation: Any) -> Any:
    """An option's value from its text.

    Raises:
        ValueError: it is none of that type.
        TypeError: options cannot be of that type.
    """
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _parse_union(text, arguments)
    if origin is Literal:
        return _parse_literal(text, arguments)
    if origin is tuple and arguments[1:] == (...,):
        return tuple(parse_value(item, arguments[0]) for item in text.split("/")) if text != "none" else ()
    if annotation is bool:
        return _parse_literal(text.lower(), (True, False))
    if annotation is Spec:  # of another registry, whose class makes it canonical
        return text
    if annotation in (int, float, str):
        return annotation(text)
    raise TypeError(f"an option must be int, float, str, bool, Literal or tuple[..., ...], got {annotation}")


def expected(annotation: Any) -> str:
    """What an option's value must be, for messages."""
    return " or ".join(_expected(annotation))


def _expected(annotation: Any) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        for one in arguments:
            yield from _expected(one)
    elif origin is Literal:
        yield from map(format_value, arguments)
    elif origin is tuple:
        yield f"{expected(arguments[0])} such as 0/1/-1"
        yield "none"
    elif annotation is bool:
        yield from ("true", "false")
    elif annotation is types.NoneType:
        yield "none"
    else:
        yield annotation.__name__


def _parse_union(text: str, kinds: tuple[Any, ...]) -> Any:
    if types.NoneType in kinds and text == "none":
        return None
    for kind in kinds:
        if kind is not types.NoneType:
            try:
                return parse_value(text, kind)
            except ValueError:
                continue
    raise ValueError(text)


def _parse_literal(text: str, values: tuple[Any, ...]) -> Any:
    for value in values:
        if format_value(value) == text:
            return value
    raise ValueError(text)
