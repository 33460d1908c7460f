"""The CSV of `lh-eval bench`: measurements are appended as they are made, and none is ever changed."""

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


class Measurement(NamedTuple):
    """A line of the file; the fields are its columns.

    gpu: the card's name, or `cpu (2 threads)`.
    torch, triton: their versions.
    commit: of the source that ran.
    provider: what ran; one of `lh_eval.bench.workload.PROVIDERS`.
    kernel: which dense attention ran; empty where it was not chosen, and in rows of before it was kept.
    mode: `fwd` or `fwd+bwd`.
    N: tokens.
    k: Lighthouse's budget; None for dense attention, as what follows up to `tile_k`.
    scorer: canonical spec; None, too, where only the gathered length counts.
    levels, pooling: of the pyramid.
    selection, tile_k: how entries are selected.
    batch, heads, kv_heads, head_dim, dtype: shape of q [batch, heads, N, head_dim], k and v [batch, kv_heads, ...].
    ms: median milliseconds.
    extra_bytes: most memory above inputs and outputs; None where it is not counted.
    stages: milliseconds of each stage, in order; empty where there are none.
    rope, combine: Lighthouse's options; None where they do not count. Older files do not have them.
    """

    gpu: str
    torch: str
    triton: str
    commit: str
    provider: str
    kernel: str
    mode: str
    N: int
    k: int | None
    scorer: str | None
    levels: int | None
    pooling: int | None
    selection: str | None
    tile_k: int | None
    batch: int
    heads: int
    kv_heads: int
    head_dim: int
    dtype: str
    ms: float
    extra_bytes: int | None
    stages: Mapping[str, float]
    rope: str | None = None
    combine: str | None = None


COLUMNS = Measurement._fields
_LATER = {"rope": "before", "combine": "sum"}  # the last columns, and what rows of files without them had
_OLDER = tuple(name for name in COLUMNS if name not in _LATER)
_NUMBERS = ("N", "batch", "heads", "kv_heads", "head_dim")
_OPTIONAL_NUMBERS = ("k", "levels", "pooling", "tile_k", "extra_bytes")
_OPTIONAL_TEXTS = ("scorer", "selection", *_LATER)


class MeasurementFile:
    """A CSV that measurements are appended to, each on the disk before the next is measured.

    Args:
        path: the file; made, with its folder and header, if it is not there.

    Raises:
        InputError: it cannot be written, has other columns, or a kill tore its last line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._columns = _check(path) if path.exists() else COLUMNS
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise InputError(f"out must be a file that can be written, got {path} ({error.strerror})") from None
        if self._file.tell() == 0:
            self._write(COLUMNS)

    def append(self, measurement: Measurement) -> None:
        """Write a measurement."""
        stages = json.dumps({name: _round(ms) for name, ms in measurement.stages.items()})
        values = measurement._replace(ms=_round(measurement.ms), stages=stages)._asdict()  # type: ignore[arg-type]
        for name, usual in _LATER.items():
            if name not in self._columns and values[name] not in (None, usual):
                raise InputError(
                    f"{self.path} must have a column {name} for {name}={values[name]}, got one of before there was; "
                    "choose another --out"
                )
        self._write(tuple(values[name] for name in self._columns))

    def __enter__(self) -> "MeasurementFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _write(self, values: tuple[Any, ...]) -> None:
        csv.writer(self._file, lineterminator="\n").writerow(values)
        self._file.flush()
        os.fsync(self._file.fileno())


def read_measurements(path: Path) -> "pd.DataFrame":
    """Read the measurements as rows; `stages` are dicts, what a row does not have is missing.

    Raises:
        InputError: the file cannot be read, has other columns, no row, or one that cannot be a measurement.
    """
    columns = _check(path)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))[1:]
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            rows.append(_parse(line, columns))
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                f"{path} must have a measurement on every line, got another on line {number}; remove it"
            ) from None
    if not rows:
        raise InputError(f"{path} must hold measurements, got none; run lh-eval bench first")
    return measurement_frame(rows)


def measurement_frame(measurements: list[Measurement]) -> "pd.DataFrame":
    """Measurements as a DataFrame with `COLUMNS`."""
    import pandas as pd

    return pd.DataFrame(measurements, columns=list(COLUMNS)).astype(dict.fromkeys(_OPTIONAL_NUMBERS, "Int64"))


def _parse(line: list[str], columns: tuple[str, ...]) -> Measurement:
    values: dict[str, Any] = dict(zip(columns, line, strict=True))
    if values["scorer"]:
        values = _LATER | values
    for name in _NUMBERS:
        values[name] = int(values[name])
    for name in _OPTIONAL_NUMBERS:
        values[name] = int(values[name]) if values[name] else None
    for name in _OPTIONAL_TEXTS:
        values[name] = values.get(name) or None
    values["ms"] = float(values["ms"])
    values["stages"] = {name: float(ms) for name, ms in json.loads(values["stages"]).items()}
    return Measurement(**values)


def _check(path: Path) -> tuple[str, ...]:
    """The columns that a file has, all for an empty one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise InputError(f"{path} must be a readable CSV of measurements, got {reason}") from None
    header = text.partition("\n")[0]
    columns = COLUMNS if not text else next((x for x in (COLUMNS, _OLDER) if header == ",".join(x)), None)
    if columns is None:
        raise InputError(
            f"{path} must have the columns {' '.join(COLUMNS)}, got {header[:200]!r}; choose another --out"
        )
    if text and not text.endswith("\n"):
        raise InputError(f"{path} must end with a whole line, got one without its end; remove that line")
    return columns


def _round(ms: float) -> float:
    return float(f"{ms:.5g}")
