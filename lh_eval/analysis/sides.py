"""A comparison of run folders: which runs a side is, what it is called, and the comparison as JSON values."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.comparison import Comparison
from lh_eval.analysis.models import model_names
from lh_eval.analysis.settings import describe_setting, setting_label
from lh_eval.errors import InputError
from lh_eval.store.folder import PROVENANCE
from lh_eval.store.run import Run, is_run, read_run
from lh_eval.store.sweep import is_sweep, read_sweep

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = 6  # significant ones in JSON: what another machine's arithmetic may change is below


def read_side(text: str) -> list[Run]:
    """Read one side of a comparison: a run's folder, or several, of trainings with several seeds, `A,B,C`.

    Raises:
        InputError: a folder is no run; of a sweep, the message names its settings.
    """
    paths = [Path(text)] if Path(text).exists() else [Path(item.strip()) for item in text.split(",")]
    for path in paths:
        if not is_run(path) and is_sweep(path):
            raise InputError(
                f"run must be one run, got the sweep {path}; give one of its settings: "
                + ", ".join(str(path / name) for name in read_sweep(path).runs)
            )
    return [read_run(path) for path in paths]


def shared_seeds(a: Sequence[Run], b: Sequence[Run]) -> tuple[list[Run], list[Run]] | None:
    """Order both sides by the seed of their training; None unless both have the same seeds, each once."""
    seeds = [[_training_seed(run) for run in side] for side in (a, b)]
    if None in seeds[0] + seeds[1] or len(set(seeds[0])) != len(a) or sorted(seeds[0]) != sorted(seeds[1]):  # type: ignore[type-var]
        return None
    return sorted(a, key=_training_seed), sorted(b, key=_training_seed)  # type: ignore[arg-type]


def comparison_values(comparison: Comparison, a: Sequence[Run], b: Sequence[Run], level: float) -> dict[str, Any]:
    """The comparison as JSON values: the same runs give the same ones."""
    return {
        "a": [_describe(run) for run in a],
        "b": [_describe(run) for run in b],
        "level": level,
        "notes": comparison.notes,
        "overall": _records(comparison.overall)[0],
        "cells": _records(comparison.cells),
    }


def side_labels(a: Sequence[Run], b: Sequence[Run]) -> tuple[str, str]:
    """What tables and figures call both sides: their settings, what tells those apart, or else the folders.

    Sides of two checkpoints have those in their names.
    """
    named = model_names([*a, *b])
    models = {run.path: name for run, name in zip([*a, *b], named, strict=True)}
    namings: list[Callable[[Run], str]] = [
        setting_label,
        lambda run: f"{setting_label(run)} ({describe_setting(run).reading})",
        lambda run: f"{models[run.path]} {setting_label(run)}".strip(),
    ]
    for naming in namings[0 if len(set(named)) == 1 or len(a) + len(b) > 2 else 2 :]:
        first, second = (_label([naming(run) for run in side]) for side in (a, b))
        if first != second:
            return first, second
    first, second = (_label([str(run.path) for run in side]) for side in (a, b))
    return first, second


def side_models(a: Sequence[Run], b: Sequence[Run]) -> tuple[str, str]:
    """What the checkpoints of both sides are called; empty where their runs do not say."""
    named = model_names([*a, *b])
    first, second = (", ".join(dict.fromkeys(filter(None, own))) for own in (named[: len(a)], named[len(a) :]))
    return first, second


def _label(names: Sequence[str]) -> str:
    label = ", ".join(dict.fromkeys(names))
    return f"{label} ({len(names)} trainings)" if len(names) > 1 else label


def _training_seed(run: Run) -> int | None:
    seed = (run.config.get(PROVENANCE) or {}).get("training_seed")
    return seed if isinstance(seed, int) else None


def _describe(run: Run) -> dict[str, Any]:
    model = run.config.get("model")
    return {
        "path": run.path.as_posix(),
        "task": run.config.get("task"),
        "setting": setting_label(run),
        # only where it was kept: comparisons of earlier runs stay the same
        **({"reading": run.config["reading"]} if "reading" in run.config else {}),
        "model": model.get("name") if isinstance(model, dict) else model,
        "weights_sha256": model.get("weights_sha256") if isinstance(model, dict) else None,
        "training_seed": _training_seed(run),
    }


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict(orient="records")]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.{_DIGITS}g}")
    return value
