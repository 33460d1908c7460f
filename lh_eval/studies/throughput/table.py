"""The CSV of throughput.py, and its rows as Markdown."""

import csv
import os
from pathlib import Path
from typing import Any

from throughput_sides import OURS, RIVAL

from lh_eval.errors import InputError

SCORED = "loglikelihood"  # after a provider's name: the rows that say how much memory scoring takes

_CASE = ("gpu", "torch", "transformers", "lm_eval", "commit", "model", "dtype")
COLUMNS = (
    *_CASE,
    *("task", "length", "provider", "batch", "samples", "build_s", "model_s", "samples_per_s", "peak_bytes", "hits"),
    *("compared", "same_score", "same_text", "same_prompt"),
)

_SPEED_HEAD = (
    "| task | N | samples | ours, samples/s | HFLM, samples/s | its batch | ratio | ours, build + model s "
    "| HFLM, build + model s | same score | same text |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_MEMORY_HEAD = ("| task | N | ours, MB | HFLM, MB | ratio |", "| --- | ---: | ---: | ---: | ---: |")


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a row to the file, on the disk before the next is measured.

    Raises:
        InputError: the file has other columns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    if not new and path.read_text(encoding="utf-8").partition("\n")[0] != ",".join(COLUMNS):
        raise InputError(f"out must be a file with the columns {','.join(COLUMNS)}, got {path}; choose another --out")
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
        file.flush()
        os.fsync(file.fileno())


def table(rows: list[dict[str, str]]) -> str:
    """Markdown of the newest rows of the last one's machine, model and versions; HFLM at the better of its batches."""
    last = [row for row in rows if all(row[name] == rows[-1][name] for name in _CASE)]
    newest = {
        (row["task"], int(row["length"]), row["provider"], row["batch"] if row["provider"] == RIVAL else ""): row
        for row in last
    }
    speed, memory = [], []
    for task, length in sorted({key[:2] for key in newest}):
        of_case = {key[2:]: row for key, row in newest.items() if key[:2] == (task, length)}
        names = f"| {task} | {length} | "
        ours = of_case.get((OURS, ""))
        others = [row for (provider, _), row in of_case.items() if provider == RIVAL]
        if ours and others:
            speed.append(names + _speed_cells(ours, max(others, key=lambda row: float(row["samples_per_s"]))))
        both = [of_case.get((f"{provider} {SCORED}", "")) for provider in (OURS, RIVAL)]
        if all(row and row["peak_bytes"] for row in both):
            mine, theirs = (int(row["peak_bytes"]) / 1e6 for row in both if row)
            ratio = f"{mine / theirs:.3f}" if theirs else "-"  # on a CPU, what was freed before may do
            memory.append(f"{names}{mine:.0f} | {theirs:.0f} | {ratio} |")
    row = rows[-1]
    lines = [
        f"{row['gpu']}, {row['model']}, {row['dtype']}; torch {row['torch']}, transformers {row['transformers']}, "
        f"lm-eval {row['lm_eval']}, commit {row['commit']}."
    ]
    if speed:
        lines += ["", *_SPEED_HEAD, *speed]
    if memory:
        lines += ["", *_MEMORY_HEAD, *memory]
    return "\n".join(lines)


def _speed_cells(ours: dict[str, str], other: dict[str, str]) -> str:
    rates = [float(row["samples_per_s"]) for row in (ours, other)]
    spent = [f"{row['build_s']} + {row['model_s']}" for row in (ours, other)]
    same = [f"{other[name]} of {other['compared']}" for name in ("same_score", "same_text")]
    ratio = f"{rates[0] / rates[1]:.2f}"
    cells = [
        ours["samples"], f"{rates[0]:.3g}", f"{rates[1]:.3g}", other["batch"], ratio, *spent, *same
    ]  # fmt: skip
    return " | ".join(cells) + " |"
