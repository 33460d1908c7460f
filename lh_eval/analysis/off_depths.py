"""How far needles are from the depths that cells are named after, which rows of before depths were held to may be."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS

if TYPE_CHECKING:
    import pandas as pd


def points_off(frames: "Iterable[pd.DataFrame]") -> float:
    """The most points of the context between where a needle starts and its depth; 0 where none is told.

    At the ends, 0 and 100 %, needles are at the first and the last place, whatever percent that is. Tasks whose depth
    places nothing, and rows without a needle, do not count.

    Args:
        frames: rows of runs.
    """
    most = 0.0
    for frame in frames:
        placed = frame[frame["task"].map(_uses_depth).astype(bool) & frame["needle_start"].notna()]
        between = placed[
            (placed["depth"] > 0) & (placed["depth"] < 100) & (placed["needle_end"] > placed["needle_start"])
        ]
        off = (100 * between["needle_start"] / between["context_tokens"] - between["depth"]).abs()
        most = max(most, float(off.max())) if len(off) else most
    return most


def _uses_depth(task: str) -> bool:
    try:
        return bool(getattr(TASKS.get(task.partition(":")[0]), "uses_depth", True))
    except InputError:  # a task that is not installed here
        return True
