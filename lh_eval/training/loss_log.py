"""The loss curve as a CSV file: a row every few steps, cut back to the resumed step."""

import csv
from pathlib import Path

from lh_eval.store.training_folder import HELD_OUT, LOSS, STEP_COLUMNS
from lh_eval.training.families import FAMILIES

COLUMNS = [*STEP_COLUMNS, LOSS, *FAMILIES, HELD_OUT]


class LossLog:
    """Appends rows; a resumed run drops the rows behind its step, and keeps the others byte by byte.

    Args:
        path: the CSV file.
        step: first step that is still to run.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self.path = path
        kept = [row for row in rows_of(path) if int(row.partition(b",")[0]) <= step]
        self.seconds = float(kept[-1].split(b",")[COLUMNS.index("seconds")]) if kept else 0.0
        part = path.with_name(path.name + ".part")
        part.write_bytes(",".join(COLUMNS).encode() + b"\n" + b"".join(kept))
        part.replace(path)

    def append(self, row: dict[str, object]) -> None:
        """Write one row; a family without a sequence since the last row stays empty."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(row)


def rows_of(path: Path) -> list[bytes]:
    """The lines under the header, none where there is no file; without a last one that a kill tore."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [line for line in lines[1:] if line.endswith(b"\n")]
