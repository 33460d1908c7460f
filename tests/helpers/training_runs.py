"""Training folders as `lh-eval train` leaves them, without a training."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

COLUMNS = ["step", "tokens", "seconds", "attention", "length", "lr", "tokens_per_second", "loss", "copy", "text"]
PARTS = [("lighthouse", 256, 200), ("lighthouse", 1024, 100), ("dense", 1024, 200)]


def write_training(
    folder: Path,
    parts: Sequence[tuple[str, int, int]],
    *,
    loss: Callable[[str, int], dict[str, Any]],
    seed: int = 0,
    name: str | None = None,
    every: int = 20,
    **config: Any,
) -> Path:
    """Write train.json and loss.csv; each part is attention, length and steps, a step 1000 tokens and a second.

    `loss` gives the losses of a row by attention and step; its further names are further columns.
    """
    folder.mkdir(parents=True)
    values = {"name": name or folder.name, "seed": seed, **config}
    (folder / "train.json").write_text(json.dumps(values), encoding="utf-8")
    rows, step = [], 0
    for attention, length, steps in parts:
        for _ in range(every, steps + 1, every):
            step += every
            row = {"step": step, "tokens": 1000 * step, "seconds": float(step), "attention": attention}
            row |= {"length": length, "lr": "1e-3", "tokens_per_second": 1000 + step % 3}
            rows.append(row | loss(attention, step))
    names = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
    with (folder / "loss.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def jumping(start: int, *, jump: float = 1.0, recovery: int = 60) -> Callable[[str, int], dict[str, Any]]:
    """Losses of 2 that jump after step `start` and are back below 2 after `recovery` further steps."""

    def at(attention: str, step: int) -> dict[str, Any]:
        since = step - start
        text = 2.0 if since <= 0 else 2.0 + jump * max(0.0, 1 - (since - 20) / (recovery - 20)) - 0.01
        return {"loss": text, "text": text, "copy": text / 100}

    return at


def write_two_seeds(folder: Path) -> None:
    """Trainings norm-s0 and norm-s1 of `PARTS`, whose losses jump at the switch to dense and recover apart."""
    for seed, recovery in ((0, 60), (1, 100)):
        write_training(folder / f"norm-s{seed}", PARTS, loss=jumping(300, recovery=recovery), seed=seed)
