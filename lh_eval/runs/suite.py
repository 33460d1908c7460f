"""Suites: the grids of several tasks, from a TOML file.

name = "mine"
lengths = ["4k", "8k"]   # of every task that does not say otherwise
depths = [0, 50, 100]
trials = 10

[[task]]
task = "keyed:records=8"
trials = 20
"""

import dataclasses
import tomllib
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from lh_eval.errors import InputError, unknown_name
from lh_eval.lengths import parse_length
from lh_eval.runs.grid import DEPTHS, Grid
from lh_eval.tasks.building.haystack_text import with_haystack

_FIELDS = ("lengths", "depths", "trials")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Suite:
    """Grids of several tasks.

    Attributes:
        name: what the suite is called.
        grids: one for each task.
    """

    name: str
    grids: tuple[Grid, ...]


def suite_names() -> list[str]:
    """The suites that come with the package."""
    folder = files("lh_eval.assets") / "suites"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def load_suite(
    name: str,
    *,
    seed: int = 0,
    haystack: str | None = None,
    wrap: Callable[[list[str]], list[str]] = list,
    **overrides: Any,
) -> Suite:
    """Read a suite.

    Args:
        name: one of `suite_names()`, or a TOML file.
        seed: seed of all samples.
        haystack: the haystack of every task that takes one; None is each one's own.
        wrap: makes other tasks of all of them, such as those in a chat template.
        overrides: `lengths`, `depths` or `trials` for all tasks, in place of the file's, and `until_ci`,
            `max_trials` and `depth_tolerance`, which files do not have; None is the file's.

    Raises:
        InputError: no such suite, or the file is not one.
    """
    path = Path(name)
    if path.suffix == ".toml":
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"suite must be a readable TOML file, got {path} ({_reason(error)})") from None
    elif name in suite_names():
        text = (files("lh_eval.assets") / "suites" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise unknown_name("suite", name, suite_names())
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML, thousands of digits, thousands of brackets
        raise InputError(f"suite {name} must be TOML, got {error}") from None
    suite = _suite(name, values, seed, {key: value for key, value in overrides.items() if value is not None})
    tasks = [grid.task for grid in suite.grids]
    if haystack is not None:
        tasks = with_haystack(tasks, haystack)
    tasks = wrap(tasks)
    if len(set(tasks)) != len(tasks):
        raise InputError(f"tasks of suite {name} must differ, got {', '.join(tasks)}")
    grids = [dataclasses.replace(grid, task=task) for grid, task in zip(suite.grids, tasks, strict=True)]
    return Suite(name=suite.name, grids=tuple(grids))


def _suite(source: str, values: dict[str, Any], seed: int, overrides: dict[str, Any]) -> Suite:
    entries = values.pop("task", None)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"suite {source} must have a [[task]] for each task, got {entries!r}")
    name = values.pop("name", Path(source).stem)
    if not isinstance(name, str):
        raise InputError(f"name of suite {source} must be text, got {name!r}")
    for field in values:
        if field not in _FIELDS:
            raise InputError(f"suite {source} must have name, {', '.join(_FIELDS)} and [[task]], got {field!r}")
    grids = []
    for entry in entries:
        for field in entry:
            if field not in ("task", *_FIELDS):
                raise InputError(f"[[task]] of suite {source} must have task, {', '.join(_FIELDS)}, got {field!r}")
        chosen = {"depths": DEPTHS, "trials": 10} | values | entry | overrides
        if not {"task", "lengths"} <= chosen.keys():
            raise InputError(f"[[task]] of suite {source} must have a task and lengths, got {entry}")
        lengths = chosen.pop("lengths")
        if not isinstance(lengths, Sequence) or isinstance(lengths, str):
            raise InputError(f"lengths of suite {source} must be a list such as ['4k', 8192], got {lengths!r}")
        grids.append(Grid(lengths=tuple(map(parse_length, lengths)), seed=seed, **chosen))
    return Suite(name=name, grids=tuple(grids))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "cannot be read") if isinstance(error, OSError) else "not UTF-8"
