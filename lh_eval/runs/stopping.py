"""`due`: which samples a run needs, where cells get trials until their intervals are narrow."""

from collections import defaultdict
from collections.abc import Iterable

from lh_eval.runs.grid import Grid
from lh_eval.statistics import wilson
from lh_eval.store.rows import Key, Row


def due(grid: Grid, rows: Iterable[Row]) -> list[Key]:
    """Every sample that is part of the run as far as its rows tell, done or not.

    A cell begins with `grid.trials`. Whenever all of its trials are done and its 95 % Wilson interval is still wider
    than `grid.until_ci`, it gets as many again, up to `grid.max_trials`. What is due depends on the cell's own rows
    alone, and on no trial beyond those that were due before: a run that was stopped goes on to the rows that it would
    have had. Doubling looks at an interval seldom, which a rule that stops by it should, and fills batches.

    Args:
        grid: the samples to begin with, and the rule.
        rows: those there are; one that failed counts as done, but not for the interval.
    """
    if grid.until_ci is None:
        return list(grid)
    assert grid.max_trials is not None
    cells: dict[tuple[int, float], dict[int, Row]] = defaultdict(dict)
    for row in rows:
        cells[row.length, row.depth][row.trial] = row
    trials = {
        (length, depth): _trials(cells[length, depth], grid.trials, grid.max_trials, grid.until_ci)
        for length in grid.lengths
        for depth in grid.depths
    }
    return [key for key in grid.at_most() if key[3] < trials[key[1], key[2]]]


def _trials(rows: dict[int, Row], trials: int, most: int, width: float) -> int:
    while trials < most and all(trial in rows for trial in range(trials)):
        scores = [rows[trial].score for trial in range(trials)]
        counted = [score for score in scores if score is not None]
        if not counted:  # nothing but failures: more of them would tell no more
            break
        interval = wilson(sum(counted), len(counted))
        if interval.high - interval.low <= width:
            break
        trials = min(2 * trials, most)
    return trials
