"""The CSV of measurements: rows are appended as they are measured, and none is ever changed."""

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


class Row(NamedTuple):
    """A measurement; the fields are the file's columns.

    gpu, torch, triton, commit: see `Origin`.
    provider, mode, N, k: see `Case`.
    batch, heads, kv_heads, head_dim, dtype: shape of q [batch, heads, N, head_dim], k and v [batch, kv_heads, ...].
    levels, pooling: of the pyramid; None for dense attention, which has none.
    ms: median milliseconds.
    extra_bytes: most memory above inputs and outputs; None where it is not counted.
    stages: milliseconds of each stage, in order; empty where there are none.
    """

    gpu: str
    torch: str
    triton: str
    commit: str
    provider: str
    mode: str
    N: int
    k: int | None
    batch: int
    heads: int
    kv_heads: int
    head_dim: int
    levels: int | None
    pooling: int | None
    dtype: str
    ms: float
    extra_bytes: int | None
    stages: Mapping[str, float]


COLUMNS = Row._fields
_SHAPE = ["batch", "heads", "kv_heads", "head_dim", "dtype"]
_OPTIONAL = ("k", "levels", "pooling", "extra_bytes")
_PYRAMID = ["levels", "pooling"]


class Table:
    """A CSV that rows are appended to, each on the disk before the next is measured.

    Args:
        path: the file; made, with its folder and header, if it is not there.

    Raises:
        InputError: it cannot be written, has other columns, or a kill tore its last line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists():
            _check(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise InputError(f"out must be a file that can be written, got {path} ({error.strerror})") from None
        if self._file.tell() == 0:
            self._write(COLUMNS)

    def append(self, row: Row) -> None:
        """Write a row."""
        stages = json.dumps({name: _round(ms) for name, ms in row.stages.items()})
        self._write((*row[:-3], _round(row.ms), row.extra_bytes, stages))

    def __enter__(self) -> "Table":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _write(self, values: tuple[Any, ...]) -> None:
        csv.writer(self._file, lineterminator="\n").writerow(values)
        self._file.flush()
        os.fsync(self._file.fileno())


def read_table(path: Path) -> "pd.DataFrame":
    """Read the rows; `stages` are dicts, what a row does not have is missing.

    Raises:
        InputError: the file cannot be read, has other columns, no row, or one that cannot be a measurement.
    """
    _check(path)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))[1:]
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            rows.append(_parse(line))
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                f"{path} must have a measurement on every line, got another on line {number}; remove it"
            ) from None
    if not rows:
        raise InputError(f"{path} must hold measurements, got none; run lh-eval bench first")
    return to_frame(rows)


def to_frame(rows: list[Row]) -> "pd.DataFrame":
    """Rows as a DataFrame with `COLUMNS`."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(_OPTIONAL, "Int64"))


def newest(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Of a table with many cards, shapes and commits, what belongs in one figure.

    Those rows that have the card, shape and pyramid of the last, and of each measurement the last one.
    """
    import pandas as pd

    last = frame.iloc[-1]
    rows = frame[(frame[["gpu", *_SHAPE]] == last[["gpu", *_SHAPE]]).all(axis=1)]
    pyramids = rows[rows["levels"].notna()]
    if not pyramids.empty:
        other = (pyramids[_PYRAMID] != pyramids[_PYRAMID].iloc[-1]).any(axis=1)
        rows = rows.drop(index=pyramids.index[other])
    rows = rows.drop_duplicates(["provider", "mode", "N", "k"], keep="last")
    assert isinstance(rows, pd.DataFrame)
    return rows.reset_index(drop=True)


def _parse(line: list[str]) -> Row:
    values: dict[str, Any] = dict(zip(COLUMNS, line, strict=True))
    for name in ("N", "batch", "heads", "kv_heads", "head_dim"):
        values[name] = int(values[name])
    for name in _OPTIONAL:
        values[name] = int(values[name]) if values[name] else None
    values["ms"] = float(values["ms"])
    values["stages"] = {name: float(ms) for name, ms in json.loads(values["stages"]).items()}
    return Row(**values)


def _check(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise InputError(f"{path} must be a readable CSV of measurements, got {reason}") from None
    header = text.partition("\n")[0]
    if text and header != ",".join(COLUMNS):
        raise InputError(
            f"{path} must have the columns {' '.join(COLUMNS)}, got {header[:200]!r}; choose another --out"
        )
    if text and not text.endswith("\n"):
        raise InputError(f"{path} must end with a whole line, got one without its end; remove that line")


def _round(ms: float) -> float:
    return float(f"{ms:.5g}")
