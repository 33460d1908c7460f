"""How many trials a cell gets where it gets them until its interval is narrow."""

from collections.abc import Mapping

from lh_eval.statistics.rates import wilson


def trials_due(scores: Mapping[int, float | None], trials: int, most: int, width: float) -> int:
    """Trials of a cell that are part of the run, done or not.

    Whenever all of them are done and the 95 % Wilson interval is still wider than `width`, there are as many again.
    Doubling looks at an interval seldom, which a rule that stops by it should, and fills batches.

    Args:
        scores: of the trials that are done, by their number; None where one failed, which the interval leaves out.
        trials: what the cell begins with.
        most: what it ends with at the latest.
        width: of the interval, from end to end.
    """
    while trials < most and all(trial in scores for trial in range(trials)):
        counted = [score for trial in range(trials) if (score := scores[trial]) is not None]
        if not counted:  # nothing but failures: more of them would tell no more
            break
        interval = wilson(sum(counted), len(counted))
        if interval.high - interval.low <= width:
            break
        trials = min(2 * trials, most)
    return trials
