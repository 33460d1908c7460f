"""Configs as dataclasses from parsed TOML: every field known, none missing, each of the type that its class says."""

import dataclasses
import math
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lh_eval.errors import InputError

_NAMES: dict[Any, str] = {int: "an integer", float: "a number", str: "a string", types.NoneType: "none"}


def build(cls: Any, name: str, values: object) -> Any:
    """Make a dataclass from a TOML table; lists become tuples.

    Args:
        cls: the dataclass.
        name: what the table is, for messages.
        values: the table.

    Raises:
        InputError: it is no table, a field is unknown or missing, or what `cls` raises.
    """
    if not isinstance(values, dict):
        raise InputError(f"{name} must be a table, got {values!r}")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    missing = [key for key, field in fields.items() if _required(field) and key not in values]
    unknown = [key for key in values if key not in fields]
    if missing or unknown:
        problem = f"no {missing[0]!r}" if missing else f"{unknown[0]!r}"
        raise InputError(f"{name} must have the fields {', '.join(fields)}, got {problem}")
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def check_types(config: Any) -> None:
    """Compare each field of a dataclass with its annotation.

    Raises:
        InputError: names the first field that differs.
    """
    for name, kind in get_type_hints(type(config)).items():
        value = getattr(config, name)
        if not _fits(value, kind):
            shown = list(value) if isinstance(value, tuple) else value
            raise InputError(f"{name} must be {_describe(kind)}, got {shown!r}")


def check_range(config: Any, name: str, least: float, below: float = math.inf, *, open_end: bool = False) -> None:
    """Refuse a number outside of least..below, the upper end excluded, and the lower one too with `open_end`.

    Raises:
        InputError: names the field.
    """
    value = getattr(config, name)
    if not least <= value < below or (open_end and value == least):
        lower = f"above {least}" if open_end else f"{least} or more"
        upper = "" if below == math.inf else f" and below {below}"
        raise InputError(f"{name} must be {lower}{upper}, got {value}")


def _required(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _fits(value: object, kind: Any) -> bool:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in arguments
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is dict:
        key, item = arguments
        return isinstance(value, dict) and all(_fits(k, key) and _fits(v, item) for k, v in value.items())
    if origin is tuple:
        kinds = arguments[:1] * len(value) if isinstance(value, tuple) and arguments[-1] is ... else arguments
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def _describe(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
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
    return _NAMES.get(kind, "a table")
