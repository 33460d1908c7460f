"""`due`: which samples a run needs, where cells get trials until their intervals are narrow."""

from collections import defaultdict
from collections.abc import Iterable

from lh_eval.runs.grid import Grid
from lh_eval.statistics.trials import trials_due
from lh_eval.store.rows import Key, Row


def due(grid: Grid, rows: Iterable[Row]) -> list[Key]:
    """Every sample that is part of the run as far as its rows tell, done or not.

    A cell begins with `grid.trials`, and gets as many as `trials_due` says: that depends on the cell's own rows alone,
    and on no trial beyond those that were due before, so that a run that was stopped goes on to the rows that it would
    have had.

    Args:
        grid: the samples to begin with, and the rule.
        rows: those there are; one that failed counts as done, but not for the interval.
    """
    if grid.until_ci is None:
        return list(grid)
    assert grid.max_trials is not None
    cells: dict[tuple[int, float], dict[int, float | None]] = defaultdict(dict)
    for row in rows:
        cells[row.length, row.depth][row.trial] = row.score
    trials = {
        (length, depth): trials_due(cells[length, depth], grid.trials, grid.max_trials, grid.until_ci)
        for length in grid.lengths
        for depth in grid.depths
    }
    return [key for key in grid.at_most() if key[3] < trials[key[1], key[2]]]
