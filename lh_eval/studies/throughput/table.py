"""The CSV of measurements, and its rows as Markdown."""

from pathlib import Path
from typing import Any

import pandas as pd

from lh_eval.errors import InputError
from lh_eval.publish.tabular import markdown
from lh_eval.studies.throughput.sides import OURS, RIVAL

SCORED = "loglikelihood"  # after a provider's name: the rows that say how much memory scoring takes

_CASE = ["gpu", "torch", "transformers", "lm_eval", "commit", "model", "dtype"]
_KEY = ["task", "length", "provider", "batch"]
_MEASURED = ["samples", "build_s", "model_s", "samples_per_s", "peak_bytes", "hits"]
COLUMNS = [*_CASE, *_KEY, *_MEASURED, "compared", "same_score", "same_text", "same_prompt"]


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a row to the file, which is closed before the next is measured.

    Raises:
        InputError: the file has other columns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    if not new and path.read_text(encoding="utf-8").partition("\n")[0] != ",".join(COLUMNS):
        raise InputError(f"out must be a file with the columns {','.join(COLUMNS)}, got {path}; choose another --out")
    pd.DataFrame([row], columns=COLUMNS).to_csv(path, mode="a", header=new, index=False, lineterminator="\n")


def read(path: Path) -> pd.DataFrame:
    """The rows, text as it stands.

    Raises:
        InputError: there is no such file.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise InputError(f"out must be a CSV of measurements, got {path} ({error.strerror})") from None


def table(rows: pd.DataFrame) -> str:
    """Markdown of the newest rows of the last one's machine, model and versions; HFLM at the better of its batches."""
    last = rows.iloc[-1]
    own = rows[(rows[_CASE] == last[_CASE]).all(axis=1)].astype({"length": int, "samples_per_s": float})
    batch = own["batch"].where(own["provider"] == RIVAL, "")  # ours is the engine's own choice
    own = own[~own.assign(batch=batch).duplicated(_KEY, keep="last")]
    speed, memory = [], []
    for (task, length), rows_of_case in own.groupby(["task", "length"]):
        best = rows_of_case.sort_values("samples_per_s", ascending=False, kind="stable").drop_duplicates("provider")
        by_provider: dict[str, dict[Any, Any]] = {row["provider"]: row for row in best.to_dict(orient="records")}
        case = {"task": task, "N": str(length)}
        ours, other = (by_provider.get(provider) for provider in (OURS, RIVAL))
        if ours and other:
            speed.append(case | _speed(ours, other))
        ours, other = (by_provider.get(f"{provider} {SCORED}") for provider in (OURS, RIVAL))
        if ours and other and ours["peak_bytes"] and other["peak_bytes"]:
            memory.append(case | _memory(int(ours["peak_bytes"]) / 1e6, int(other["peak_bytes"]) / 1e6))
    versions = f"torch {last['torch']}, transformers {last['transformers']}, lm-eval {last['lm_eval']}"
    tables = [markdown(pd.DataFrame(lines), left=1) for lines in (speed, memory) if lines]
    measured = f"{last['gpu']}, {last['model']}, {last['dtype']}; {versions}, commit {last['commit']}.\n"
    return "\n".join([measured, *tables]).rstrip()


def _speed(ours: dict[Any, Any], other: dict[Any, Any]) -> dict[str, str]:
    rates = [row["samples_per_s"] for row in (ours, other)]
    return {
        "samples": ours["samples"],
        "ours, samples/s": f"{rates[0]:.3g}",
        "HFLM, samples/s": f"{rates[1]:.3g}",
        "its batch": other["batch"],
        "ratio": f"{rates[0] / rates[1]:.2f}",
        "ours, build + model s": f"{ours['build_s']} + {ours['model_s']}",
        "HFLM, build + model s": f"{other['build_s']} + {other['model_s']}",
        "same score": f"{other['same_score']} of {other['compared']}",
        "right, ours and HFLM's": f"{ours['hits']} and {other['hits']}",
        "same text": f"{other['same_text']} of {other['compared']}",
    }


def _memory(ours: float, other: float) -> dict[str, str]:
    ratio = f"{ours / other:.3f}" if other else "-"  # on a CPU, what was freed before may do
    return {"ours, MB": f"{ours:.0f}", "HFLM, MB": f"{other:.0f}", "ratio": ratio}
