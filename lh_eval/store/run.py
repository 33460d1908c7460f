"""`Run`: what one run's folder holds, read back; it may be unfinished, or still being written."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.errors import InputError
from lh_eval.store.checking import check_samples
from lh_eval.store.digest import PROVENANCE
from lh_eval.store.files import Samples, read_json, read_samples
from lh_eval.store.rows import to_frame

if TYPE_CHECKING:
    import pandas as pd

CONFIG = "config.json"
SAMPLES = "samples.jsonl"
METRICS = "metrics.json"


class Run(NamedTuple):
    """A run that was read back.

    path: its folder.
    config: what config.json holds.
    frame: its rows, the last one of each sample.
    """

    path: Path
    config: dict[str, Any]
    frame: "pd.DataFrame"


def read_run(path: str | Path) -> Run:
    """Read a run without changing it; it may be unfinished, or still being written.

    Raises:
        InputError: the folder is not a run, its configuration or rows are corrupt, or `check_samples` refuses them.
    """
    path = Path(path)
    config = read_config(path)
    samples = read_samples(path / SAMPLES)
    check_samples(path / SAMPLES, config, samples)
    return as_run(path, _legible(config), samples)


def read_config(path: Path) -> dict[str, Any]:
    """Read a run's configuration.

    Raises:
        InputError: the folder is not a run, or its configuration is corrupt.
    """
    if not is_run(path):
        raise InputError(f"run must be a folder with {CONFIG} and {SAMPLES}, got {path}; give an --out of lh-eval niah")
    config = read_json(path / CONFIG)
    for name in ("lengths", "depths"):
        values = config.get(name, [])
        if not isinstance(values, list) or not all(map(_is_number, values)):
            raise InputError(f"{path / CONFIG} must list numbers under {name}, got {values!r}; restore the file")
    if not isinstance(config.get(PROVENANCE, {}), dict):
        raise InputError(f"{path / CONFIG} must hold an object under {PROVENANCE}, got another value; restore the file")
    return config


def as_run(path: Path, config: dict[str, Any], samples: Samples) -> Run:
    """The run of what was read; of a sample that failed and was run again the newest row counts."""
    newest = {row.key: row for row in samples.rows}
    return Run(path, config, to_frame(newest.values()))


def is_run(path: Path) -> bool:
    """Whether the folder holds a run."""
    return (path / CONFIG).is_file() and (path / SAMPLES).is_file()


def _legible(config: dict[str, Any]) -> dict[str, Any]:
    """The same with a question mark for each half of a character, which JSON can hold and no table or figure can."""
    text: bytes = json.dumps(config, ensure_ascii=False).encode(errors="replace")
    values: dict[str, Any] = json.loads(text)
    return values


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
