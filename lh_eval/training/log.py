"""The loss curve as a CSV file: a row every few steps, cut back to the resumed step."""

import csv
from pathlib import Path

import pandas as pd

from lh_eval.training.data import FAMILIES

COLUMNS = ["step", "tokens", "seconds", "attention", "length", "lr", "tokens_per_second", "loss", *FAMILIES]


class LossLog:
    """Appends rows; a resumed run drops the rows behind its step.

    Args:
        path: the CSV file.
        step: first step that is still to run.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self.path = path
        self.seconds = 0.0
        kept = pd.DataFrame(columns=COLUMNS)
        if path.exists():
            rows = pd.read_csv(path)
            kept = rows[rows["step"] <= step]
            self.seconds = float(kept["seconds"].max()) if len(kept) else 0.0
        kept.to_csv(path, index=False)

    def append(self, row: dict[str, object]) -> None:
        """Write one row; a family without a sequence since the last row stays empty."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS, restval="").writerow(row)
