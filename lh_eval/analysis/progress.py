"""How far a run is: samples of its grid that have a row, of those that it is to have."""

from collections.abc import Iterable
from typing import NamedTuple

from lh_eval.statistics.trials import trials_due
from lh_eval.store.run import Run

_CELL = ("length", "depth", "trial")


class Progress(NamedTuple):
    """Samples that have a row, those that failed among them, and all of the grid."""

    done: int
    planned: int

    def __str__(self) -> str:
        """`292 of 840`."""
        return f"{self.done} of {self.planned}"


def progress(run: Run) -> Progress | None:
    """How far a run is; None where its configuration does not say what its grid is.

    Cells that get trials until their interval is narrow are planned as far as their rows tell.
    """
    lengths, depths, trials = (run.config.get(name) for name in ("lengths", "depths", "trials"))
    if not (isinstance(lengths, list) and isinstance(depths, list) and isinstance(trials, int)):
        return None
    width, most = run.config.get("until_ci"), run.config.get("max_trials")
    if width is None or most is None:
        return Progress(len(run.frame), len(lengths) * len(depths) * trials)
    counted = run.frame["score"].astype(object).where(run.frame["score"].notna(), None)
    scores: dict[tuple[int, float], dict[int, float | None]] = {}
    for length, depth, trial, score in zip(*(run.frame[name] for name in _CELL), counted, strict=True):
        scores.setdefault((length, depth), {})[trial] = score
    cells = [scores.get((length, float(depth)), {}) for length in lengths for depth in depths]
    return Progress(len(run.frame), sum(trials_due(cell, trials, most, width) for cell in cells))


def unfinished(run: Run) -> Progress | None:
    """How far a run is that has samples to go; None where it has none, or does not say."""
    found = progress(run)
    return found if found is not None and found.done < found.planned else None


def unfinished_note(named: Iterable[tuple[str, Run]]) -> str:
    """Which runs are unfinished, in one sentence: `Unfinished: norm k=256 292 of 840 samples.`; empty where none is.

    Args:
        named: what each is called, and the run.
    """
    parts = [f"{name} {found}" for name, run in named if (found := unfinished(run)) is not None]
    return f"Unfinished: {', '.join(parts)} samples." if parts else ""
