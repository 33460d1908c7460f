"""A training cut at its switches of attention and of length, and what a switch does to a loss."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

LEVEL_STEPS = 100  # of whose rows a level is the mean: single rows are noisy


class Level(NamedTuple):
    """A loss at the end of a stretch: mean and standard deviation of the rows of its last `LEVEL_STEPS` steps."""

    mean: float
    deviation: float


class Jump(NamedTuple):
    """What a switch of attention does to a loss.

    step: last one before the switch.
    before: the level before it.
    highest: row after it, up to the recovery and as long as the sequences have one length.
    recovery: steps from the switch to the first row below the level before, None if the stage has none.
    """

    step: int
    before: Level
    highest: float
    recovery: int | None


def with_parts(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Add `stage`, which counts from 1 with each change of attention, and `part`, with each of attention or length."""
    attention, length = rows["attention"], rows["length"]
    changed = attention != attention.shift()
    return rows.assign(stage=changed.cumsum(), part=(changed | (length != length.shift())).cumsum())


def level(rows: "pd.DataFrame", column: str) -> Level | None:
    """The loss at the end of these rows; None where it was not measured."""
    known = rows[["step", column]].dropna()
    if known.empty:
        return None
    last = known[column][known["step"] > rows["step"].iloc[-1] - LEVEL_STEPS]
    values = last if len(last) else known[column].iloc[-1:]
    return Level(float(values.mean()), float(values.std(ddof=0)))


def jump(rows: "pd.DataFrame", column: str, stage: int) -> Jump | None:
    """What the switch to `stage` did.

    Args:
        rows: one run's, with the columns of `with_parts`.
        column: which loss.
        stage: from 2 on.

    Returns:
        None where the loss was not measured on both sides.
    """
    earlier = rows[rows["stage"] == stage - 1]
    before = level(earlier[earlier["part"] == earlier["part"].iloc[-1]], column)
    after = rows[rows["stage"] == stage][["step", "part", column]].dropna()
    if before is None or after.empty:
        return None
    start = int(earlier["step"].iloc[-1])
    below = after["step"][after[column] < before.mean]
    recovered = None if below.empty else int(below.iloc[0])
    alike = after[after["part"] == after["part"].iloc[0]]
    if recovered is not None:
        alike = alike[alike["step"] <= recovered]
    return Jump(start, before, float(alike[column].max()), None if recovered is None else recovered - start)


def main_switch(rows: "pd.DataFrame") -> int | None:
    """The stage that the run's last switch to dense attention leads to; of any switch where none is; None without."""
    stages = rows.groupby("stage")["attention"].first()
    later = [int(stage) for stage in stages.index[1:]]
    resumed = [stage for stage in later if stages[stage] == "dense"]
    return max(resumed or later, default=None)
