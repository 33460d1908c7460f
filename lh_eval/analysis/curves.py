"""`Curve`: what a training folder says of its run, read from train.json and loss.csv."""

import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.errors import InputError, unknown_name
from lh_eval.store.files import read_json
from lh_eval.store.training_folder import HELD_OUT, LOSS_CURVE, STEP_COLUMNS, TRAIN_CONFIG

if TYPE_CHECKING:
    import pandas as pd

_REQUIRED = tuple(name for name in STEP_COLUMNS if name != "lr")
_SYMBOLS = {"num_levels": "L", "pooling_factor": "p"}
_SHOWN = ("text", "keyed", "copy")


class Curve(NamedTuple):
    """One training.

    name: the folder's name, or its path where two folders share a name.
    recipe: what trainings share that differ in nothing but the seed.
    seed: of data and weights.
    label: what figures call the recipe: how it attends, and what tells it from the others.
    rows: loss.csv by its header, sorted by step; a loss is missing where it was not measured.
    """

    path: Path
    name: str
    recipe: str
    seed: int
    label: str
    rows: "pd.DataFrame"

    @property
    def losses(self) -> list[str]:
        """The columns that are losses and have a value."""
        return [name for name in self.rows.columns if name not in STEP_COLUMNS and self.rows[name].notna().any()]


def read_curves(paths: Iterable[str | Path]) -> list[Curve]:
    """Read training folders, and those inside folders that hold some, each once, in order.

    Raises:
        InputError: a folder is no training run and holds none, or its loss curve cannot be read or has no row.
    """
    folders = list(dict.fromkeys(folder for path in map(Path, paths) for folder in _find(path)))
    configs = [_settings(folder) for folder in folders]
    rows = [_read_rows(folder / LOSS_CURVE) for folder in folders]
    names = [folder.resolve().name for folder in folders]
    labels = [name if names.count(name) == 1 else str(folder) for name, folder in zip(names, folders, strict=True)]
    recipes = _recipes(configs, labels)
    seeds = [config["seed"] for config in configs]
    shown = _labels(dict(zip(recipes, configs, strict=True)))
    told = [shown[recipe] for recipe in recipes]
    return [Curve(*values) for values in zip(folders, labels, recipes, seeds, told, rows, strict=True)]


def chosen_columns(curves: Sequence[Curve], names: Sequence[str] | None) -> list[str]:
    """The losses to show: those named, or text (held out, where every run has it), keyed and copying, or the loss.

    Raises:
        InputError: no run has a value in a column that was named.
    """
    known = list(dict.fromkeys(name for curve in curves for name in curve.losses))
    if names is None:
        shared = all(HELD_OUT in curve.losses for curve in curves)
        wanted = [HELD_OUT if shared and name == "text" else name for name in _SHOWN]
        return [name for name in wanted if name in known] or known[:1]
    for name in names:
        if name not in known:
            raise unknown_name("column", name, known)
    return list(names)


def _find(path: Path) -> list[Path]:
    if (path / TRAIN_CONFIG).is_file():
        return [path]
    inside = sorted(file.parent for file in path.glob(f"*/{TRAIN_CONFIG}"))
    if not inside:
        raise InputError(
            f"run must be a training run with {TRAIN_CONFIG} and {LOSS_CURVE}, got {path}; "
            "give an --out of lh-eval train"
        )
    return inside


def _settings(folder: Path) -> dict[str, Any]:
    config = read_json(folder / TRAIN_CONFIG)
    if not isinstance(config.get("name"), str) or not isinstance(config.get("seed"), int):
        raise InputError(f"{folder / TRAIN_CONFIG} must hold a training's name and seed, got none; give a training run")
    return config


def _recipes(configs: list[dict[str, Any]], labels: list[str]) -> list[str]:
    """A name for each config: its own without the seed; the folder's where two recipes have one name."""
    names = [config["name"].removesuffix(f"-s{config['seed']}") for config in configs]
    rests = [json.dumps(config | {"name": "", "seed": 0}, sort_keys=True) for config in configs]
    of_name: dict[str, set[str]] = {}
    for name, rest in zip(names, rests, strict=True):
        of_name.setdefault(name, set()).add(rest)
    return [name if len(of_name[name]) == 1 else label for name, label in zip(names, labels, strict=True)]


def _labels(configs: dict[str, dict[str, Any]]) -> dict[str, str]:
    """By recipe `dense` or `norm k=256, L=5`: of its selection the scorer, k, and what differs; else its own name."""
    described = {recipe: _selection(config) for recipe, config in configs.items()}
    selecting = [options for options in described.values() if options]
    names = dict.fromkeys(name for options in selecting for name in options)
    differing = [name for name in names if len({str(options.get(name)) for options in selecting}) > 1]
    labels = {}
    for recipe, options in described.items():
        rest = [name for name in differing if options and name in options and name not in ("scorer", "k")]
        parts = [f"{_SYMBOLS.get(name, name)}={options[name]}" for name in rest] if options else []
        head = "dense" if options == {} else f"{options['scorer']} k={options['k']}" if options else recipe
        labels[recipe] = ", ".join([head, *parts])
    shown = list(labels.values())
    if len(shown) == 1:
        return {recipe: recipe for recipe in labels}
    return {recipe: label if shown.count(label) == 1 else recipe for recipe, label in labels.items()}


def _selection(config: dict[str, Any]) -> dict[str, Any] | None:
    """What is selected by while it trains; nothing where it attends densely throughout, None where that is not told."""
    stages = config.get("stages")
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        return None
    if {stage.get("attention") for stage in stages} == {"dense"}:
        return {}
    options = config.get("lighthouse")
    return options if isinstance(options, dict) and {"scorer", "k"} <= options.keys() else None


def _read_rows(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise InputError(f"{path} must be a readable loss curve, got {reason}; give a training run") from None
    whole = text[: text.rfind("\n") + 1]  # a kill may tear the last line
    header = whole.partition("\n")[0].split(",")
    missing = [name for name in _REQUIRED if name not in header]
    if missing:
        raise InputError(f"{path} must have the columns {' '.join(_REQUIRED)}, got none named {missing[0]}")
    try:
        rows = pd.read_csv(io.StringIO(whole), dtype=dict.fromkeys(header, float) | {"attention": str})
        rows = rows.dropna(subset=list(_REQUIRED)).astype({"step": int, "tokens": int, "length": int})
    except ValueError as error:
        raise InputError(f"{path} must hold numbers under its header, got {str(error).splitlines()[0]}") from None
    if rows.empty:
        raise InputError(f"{path} must hold a loss curve, got no row; train further first")
    return rows.sort_values("step", kind="stable", ignore_index=True)
