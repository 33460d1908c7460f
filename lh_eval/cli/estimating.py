"""What `lh-eval niah --dry-run` prints: the seconds of a sample by length, and those of the grid."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lh_eval.errors import InputError

if TYPE_CHECKING:
    from lh_eval.evaluation.grid import Grid
    from lh_eval.evaluation.setting import Setting
    from lh_eval.models.loading import Checkpoint


def estimate_lines(
    checkpoint: "Checkpoint", grid: "Grid", settings: "Sequence[Setting]", *, beyond_positions: bool
) -> Iterator[str]:
    """A line for each setting as soon as it was timed, and one for all of them.

    Raises:
        InputError: what a run refuses, or a sample that was timed fails.
    """
    from lh_eval.evaluation.estimate import estimate
    from lh_eval.figures.style import length_label

    width = max(len(setting.name) for setting in settings)
    total = 0.0
    for timed in estimate(checkpoint, grid, settings, beyond_positions=beyond_positions):
        for row in timed.rows:
            if row.error is not None:
                raise InputError(f"samples must be such that they can be run, got {row.error} at length {row.length}")
        total += timed.seconds
        each = ", ".join(f"{length_label(row.length)} {row.seconds:.3g} s" for row in timed.rows)
        yield f"{timed.name:<{width}}  {each} a sample; {timed.samples} of each length: {duration(timed.seconds)}"
    samples = len(grid) * len(settings)
    yield f"at most {duration(total)} for {samples} samples; less where they share batches or contexts"


def duration(seconds: float) -> str:
    """Such as `8.3 s`, `12 min` or `3.4 h`."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
