"""What `--dry-run` of `lh-eval niah` and `lh-eval run` prints: the seconds of a sample by length, and of all."""

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from lh_eval.errors import InputError

if TYPE_CHECKING:
    from lh_eval.checkpoints.loading import Checkpoint
    from lh_eval.modeling.settling import Settling
    from lh_eval.runs.grid import Grid
    from lh_eval.runs.setting import Setting
    from lh_eval.runs.suite import Suite


def estimate_lines(
    checkpoint: "Checkpoint",
    grid: "Grid",
    settings: "Sequence[Setting]",
    *,
    beyond_positions: bool,
    settling: "Settling | None" = None,
) -> Iterator[str]:
    """A line for each setting as soon as it was timed, and one for all of them.

    Raises:
        InputError: what a run refuses, or a sample that was timed fails.
    """
    total = yield from _setting_lines(checkpoint, grid, settings, beyond_positions, settling)
    yield _total_line(total, len(grid) * len(settings))


def suite_estimate_lines(
    checkpoint: "Checkpoint",
    suite: "Suite",
    settings: "Sequence[Setting]",
    *,
    beyond_positions: bool,
    settling: "Settling | None" = None,
) -> Iterator[str]:
    """The lines of each task below its name, and one for all tasks.

    Every task is timed: a prompt of one length takes longer where more is generated after it.

    Raises:
        InputError: what a run refuses, of any task and before the first is timed, or a sample that was timed fails.
    """
    from lh_eval.runs.checking import check_settings

    for grid in suite.grids:
        check_settings(checkpoint, grid, settings, beyond_positions=beyond_positions, settling=settling)
    total, samples = 0.0, 0
    for grid in suite.grids:
        most = grid.at_most()
        yield grid.task
        total += yield from _setting_lines(checkpoint, most, settings, beyond_positions, settling, indent="  ")
        samples += len(most) * len(settings)
    yield _total_line(total, samples)


def _setting_lines(
    checkpoint: "Checkpoint",
    grid: "Grid",
    settings: "Sequence[Setting]",
    beyond_positions: bool,
    settling: "Settling | None",
    indent: str = "",
) -> Generator[str, None, float]:
    """A line for each setting; returns the seconds of all."""
    from lh_eval.lengths import length_label
    from lh_eval.runs.estimate import estimate

    width = max(len(setting.name) for setting in settings)
    total = 0.0
    for timed in estimate(checkpoint, grid, settings, beyond_positions=beyond_positions, settling=settling):
        for row in timed.rows:
            if row.error is not None:
                raise InputError(f"samples must be such that they can be run, got {row.error} at length {row.length}")
        total += timed.seconds
        each = ", ".join(f"{length_label(row.length)} {row.seconds:.3g} s" for row in timed.rows)
        name = f"{indent}{timed.name:<{width}}"
        yield f"{name}  {each} a sample; {timed.samples} of each length: {duration(timed.seconds)}"
    return total


def _total_line(seconds: float, samples: int) -> str:
    return f"at most {duration(seconds)} for {samples} samples; less where they share batches or contexts"


def duration(seconds: float) -> str:
    """Such as `8.3 s`, `12 min` or `3.4 h`."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
