"""Dataclasses that pydantic checks, with errors that are one sentence: "<name> must be <expected>, got <actual>".

    @validated("a point")
    class Point:
        x: Annotated[float, Field(ge=0)]

Types are strict: no string passes for a number, no number for a string. An integer passes for a float, and becomes one.
"""

import dataclasses
import functools
import json
import types
from collections.abc import Callable
from typing import Any, Literal, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import from_json

from lh_eval.errors import InputError

T = TypeVar("T")

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    types.NoneType: "none",
}
_RANGES = {
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "above {gt:g}",
    "less_than_equal": "{le:g} or less",
    "less_than": "below {lt:g}",
}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field, Field))
def validated(what: str) -> Callable[[type[T]], type[T]]:
    """Make a frozen dataclass by keyword whose values fit their annotations, pydantic's constraints included.

    Args:
        what: how messages name one of it.

    Raises:
        InputError: when one is made of something else; also what its `__post_init__` raises.
    """

    def decorate(cls: type[T]) -> type[T]:
        checked: Any = dataclass(cls, frozen=True, kw_only=True, config=_STRICT)
        init = checked.__init__

        @functools.wraps(init)
        def explained(self: T, *args: Any, **values: Any) -> None:
            try:
                init(self, *args, **values)
            except ValidationError as error:
                raise _input_error(error, what, checked, values) from None

        checked.__init__ = explained
        return checked

    return decorate


def build(cls: type[T], name: str, values: object) -> T:
    """Make a validated dataclass from a TOML table or a JSON object; lists become tuples.

    Raises:
        InputError: it is no table, or what `cls` raises.
    """
    if not isinstance(values, dict):
        raise InputError(f"{name} must be a table, got {values!r}")
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def parse_json(data: str | bytes) -> Any:
    """Read JSON that can be written again: no NaN, no number beyond floats, no half of a surrogate pair.

    Raises:
        ValueError: it is none, or nested deeper than any file of ours.
    """
    values = from_json(data, allow_inf_nan=False)
    json.dumps(values, allow_nan=False)  # 1e999 is read as infinite
    return values


def _input_error(error: ValidationError, what: str, cls: Any, values: dict[str, Any]) -> InputError:
    """The first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    if isinstance(context.get("error"), InputError):
        return context["error"]
    if not first["loc"]:  # a name that is no text: half of a surrogate pair
        return InputError(f"{what} must have the fields {', '.join(get_type_hints(cls))}, got {first['input']!r}")
    name = str(first["loc"][0])
    hints = get_type_hints(cls)
    if name not in values or name not in hints:
        problem = f"no {name!r}" if name in hints else repr(name)
        return InputError(f"{what} must have the fields {', '.join(hints)}, got {problem}")
    expected = _RANGES[kind].format(**context) if kind in _RANGES else _describe(hints[name])
    shown = list(values[name]) if isinstance(values[name], tuple) else values[name]
    return InputError(f"{name} must be {expected}, got {shown!r}")


def _describe(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_describe, arguments))
    if origin is tuple and arguments[-1] is not ...:
        return f"a list of {', '.join(map(_describe, arguments))}"
    if origin is tuple:
        return f"a list, each {_describe(arguments[0])}"
    if origin is dict and arguments[1] is not Any:
        return f"a table, each {_describe(arguments[1])}"
    return _NAMES.get(hint, "a table")
