"""What each setting of a sweep takes, from the file of `lh-eval bench` or from the rows: time beside retrieval."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.analysis.measured import DENSE, newest, scorers_of, shape_of
from lh_eval.errors import InputError
from lh_eval.lengths import length_label
from lh_eval.statistics import mean_of_rates
from lh_eval.store.measurements import read_measurements

if TYPE_CHECKING:
    import pandas as pd

_DENSE = (DENSE,)
_LIGHTHOUSE = ("lighthouse", "lighthouse-reference")  # the kernels' times where there are both


class Timed(NamedTuple):
    """Points of `figures.latency`, and in words what their time is.

    points: columns `setting`, `family`, `budget`, `budget_name`, `time` (missing of those left out), `rate`, `ci_low`
        and `ci_high`.
    label: of the axis.
    length: tokens at which all was measured.
    source: of the time.
    left_out: settings that have none.
    """

    points: "pd.DataFrame"
    label: str
    length: int
    source: str
    left_out: list[str]


def timed_by_rows(cells: "pd.DataFrame") -> Timed:
    """Seconds a sample, as the runs themselves took, at the longest length that every setting has samples of.

    Milliseconds where none took a second: an axis of 0.0025 and 0.0050 is hard to read.
    """
    counted = cells[cells["n"] > 0]
    settings = cells["setting"].nunique()
    common = [
        length
        for length in set(map(int, cells["length"]))
        if counted.loc[counted["length"] == length, "setting"].nunique() == settings
    ]
    if not common:
        raise InputError("settings must have samples of one length, got none; finish the runs first")
    at = cells.loc[cells["length"] == max(common), :]
    times = {str(setting): own["seconds"].sum() / own["n"].sum() for setting, own in at.groupby("setting")}
    unit, scale = ("seconds", 1.0) if max(times.values()) >= 1 else ("milliseconds", 1000.0)
    times = {setting: scale * seconds for setting, seconds in times.items()}
    return _timed(at, times, f"{unit} per sample", f"{unit} that the rows took, shared by those that ran together")


def timed_by_bench(cells: "pd.DataFrame", files: Sequence[Path]) -> Timed:
    """Milliseconds of the operator's forward pass, at the length at which the most settings have one, the longest such.

    Args:
        cells: as `settings.setting_cells` makes them.
        files: of `lh-eval bench`; a scorer's times are of the first that has them.

    Raises:
        InputError: a file cannot be read, or none has a length and budget of the runs.
    """
    import pandas as pd

    tables = [read_measurements(file) for file in files]
    dense = newest(tables[0])  # it has no scorer: any table knows its time
    frames: dict[str, pd.DataFrame] = {}
    for table in tables:
        for scorer in scorers_of(table):
            frames.setdefault(scorer, newest(table, scorer))
    settings = cells.drop_duplicates("setting")[["setting", "family", "budget", "budget_name"]]
    found: dict[int, dict[str, float]] = {}
    for length in sorted(set(map(int, cells["length"]))):
        for setting, family, budget, budget_name in settings.itertuples(index=False):
            attends_all = not isinstance(family, str)
            rows = dense if attends_all else frames.get(family)
            if rows is None or not (attends_all or budget_name == "k"):
                continue
            wanted = rows[(rows["N"] == length) & (rows["mode"] == "fwd")]
            if not attends_all:
                wanted = wanted[wanted["k"] == budget]
            for provider in _DENSE if attends_all else _LIGHTHOUSE:
                times = wanted[wanted["provider"] == provider]["ms"]
                if len(times):
                    found.setdefault(length, {})[setting] = float(times.iloc[-1])
                    break
    sparse = {length: times for length, times in found.items() if set(times) - {"dense"}}
    if not sparse:
        measured = pd.concat([dense, *frames.values()])[["N", "k"]].dropna().to_numpy()
        have = sorted({(int(n), int(k)) for n, k in measured})
        listed = ", ".join(f"{length_label(n)} with k={k}" for n, k in have)
        raise InputError(f"bench must have times at a length and k of the runs, got {listed}; run lh-eval bench there")
    length = max(sparse, key=lambda length: (len(sparse[length]), length))
    source = f"median of the operator's forward pass ({shape_of(dense)})"
    at = cells[cells["length"] == length]
    return _timed(at, sparse[length], f"operator, forward, at {length_label(length)} (ms)", source)


def _timed(at: "pd.DataFrame", times: Mapping[str, float], label: str, source: str) -> Timed:
    import pandas as pd

    rows = []
    for setting, own in at.groupby("setting", sort=False):
        mean = mean_of_rates(own["hits"].tolist(), own["n"].tolist())
        if mean is not None:
            first = own.iloc[0]
            measured = (times.get(str(setting), math.nan), mean.rate, *mean.interval)
            rows.append((setting, first["family"], first["budget"], first["budget_name"], *measured))
    columns = ["setting", "family", "budget", "budget_name", "time", "rate", "ci_low", "ci_high"]
    points = pd.DataFrame(rows, columns=columns).astype({"budget": float, "family": object, "budget_name": object})
    left_out = points.loc[points["time"].isna(), "setting"].tolist()
    length = int(at["length"].iloc[0])
    return Timed(points, label, length, source, left_out)
