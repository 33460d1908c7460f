"""Reads the experiment's rows back: one number a training, checkpoint, way of reading and outcome."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from lh_eval.errors import InputError
from lh_eval.spec import slug
from lh_eval.store.files import read_json
from lh_eval.store.run import CONFIG, read_run
from lh_eval.store.sweep import DENSE
from lh_eval.store.training_folder import LOSS_CURVE, TRAIN_CONFIG
from lh_eval.studies.branches.evaluating import INTERVENED
from lh_eval.studies.branches.plan import Cell
from lh_eval.studies.branches.training import LIGHTHOUSE, ROWS

_OF_TRAINING = ["cell", "scorer", "k", "rope", "seed", "trunk", "trained_length"]
COLUMNS = [*_OF_TRAINING, "kept", "weights", "reading", "read_as", "length", "outcome", "value", "n"]
TYPES = {"k": "Int64", "length": "Int64", "n": "Int64"}
OWN = "own"
_LAST_STEPS = 100  # of a stage, whose losses are averaged
_LOSSES = ("copy", "keyed", "held_out")


def read_outcomes(folder: Path) -> pd.DataFrame:
    """A table with `COLUMNS`, from the rows in an experiment's folder.

    `read_as` is "own", "dense" or the other scorer. Outcomes are `<task> rate` and `<task> margin`, the means over
    depths, and `<family> loss` over the last steps of the Lighthouse stage.

    Raises:
        InputError: there are none.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted((folder / ROWS).glob(f"*/{LIGHTHOUSE}/{TRAIN_CONFIG}")):
        training = _training(path)
        rows += [training | loss for loss in _losses(path.with_name(LOSS_CURVE))]
        for config in sorted(path.parents[1].glob(f"*/*/*/*/{CONFIG}")):
            kept, part = config.relative_to(path.parents[1]).parts[:2]
            if part == INTERVENED:
                continue
            rows += [training | {"kept": kept} | value for value in _evaluation(config.parent, training)]
    if not rows:
        raise InputError(f"folder must hold {ROWS}/<training>/{LIGHTHOUSE}/{TRAIN_CONFIG}, got {folder} without one")
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def _training(path: Path) -> dict[str, Any]:
    config = read_json(path)
    own = config["stages"][-1]["attention"] == "lighthouse"
    lighthouse = config["lighthouse"] if own else {}
    cell = Cell(lighthouse["scorer"], lighthouse["k"], lighthouse.get("rope", "before")) if own else Cell()
    return {
        "cell": cell.name,
        **cell._asdict(),
        "seed": config["seed"],
        "trunk": config["trunk"]["weights_sha256"][:16],
        "trained_length": max(phase["length"] for phase in config["phases"]),
    }


def _losses(path: Path) -> list[dict[str, Any]]:
    """Mean losses at the end of the stage, a row of the curve counting as any other."""
    curve = pd.read_csv(path)
    last = curve[curve["step"] > curve["step"].max() - _LAST_STEPS]
    return [
        {
            "kept": LIGHTHOUSE,
            "reading": "training",
            "read_as": OWN,
            "outcome": f"{name} loss",
            "value": last[name].mean(),
        }
        for name in _LOSSES
        if name in last and last[name].notna().any()
    ]


def _task_name(spec: str) -> str:
    """A task without its version, which rows of before there was another do not name."""
    return re.sub(r"[:,]version=1$", "", spec)


def _evaluation(folder: Path, training: dict[str, Any]) -> list[dict[str, Any]]:
    run = read_run(folder)
    attention = run.config["attention"]
    scorer = attention["scorer"] if attention else None
    read_as = DENSE if scorer is None else OWN if scorer == training["scorer"] else slug(scorer)
    frame = run.frame[run.frame["error"].isna()]
    outcomes = {"rate": "score", "margin": "margin"}
    values = []
    for length, cells in frame.groupby("length"):
        for outcome, column in outcomes.items():
            if column not in cells or cells[column].isna().all():
                continue
            values.append(
                {
                    "weights": run.config["model"]["weights_sha256"][:16],
                    "reading": run.config["reading"],
                    "read_as": read_as,
                    "length": length,
                    "outcome": f"{_task_name(run.config['task'])} {outcome}",
                    "value": cells.groupby("depth")[column].mean().mean(),
                    "n": len(cells),
                }
            )
    return values
