"""Rows of several runs as one file that other tools read: Parquet, CSV or JSONL."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.models import model_names
from lh_eval.analysis.settings import setting_label
from lh_eval.errors import InputError
from lh_eval.publish.tabular import csv_text
from lh_eval.publish.writing import writing
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

_SUFFIXES = (".parquet", ".csv", ".jsonl")


def rows_frame(runs: Sequence[Run]) -> "pd.DataFrame":
    """All rows, with the run's folder, checkpoint and setting in front.

    Lists and mappings are JSON text, so that a column has one type whatever it holds.
    """
    import pandas as pd

    frames = []
    for run, model in zip(runs, model_names(runs), strict=True):
        named = {"run": str(run.path), "model": model, "setting": setting_label(run)}
        frames.append(run.frame.assign(**named)[[*named, *run.frame.columns]])
    frame = pd.concat(frames, ignore_index=True)
    for name in filter(lambda name: pd.api.types.is_object_dtype(frame[name]), frame.columns):
        frame[name] = frame[name].map(_text).astype("string")
    return frame


def write_rows(runs: Sequence[Run], file: Path) -> Path:
    """Write `rows_frame` in the format of the file's suffix.

    Raises:
        InputError: the suffix is another one, or the file cannot be written.
    """
    if file.suffix not in _SUFFIXES:
        raise InputError(f"out must end in {', '.join(_SUFFIXES)}, got {file}; the suffix is the format")
    frame = rows_frame(runs)
    with writing(file) as path:
        if file.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        elif file.suffix == ".csv":
            path.write_text(csv_text(frame, digits=None), encoding="utf-8")
        else:
            frame.to_json(path, orient="records", lines=True, force_ascii=False, double_precision=15)
    return file


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
