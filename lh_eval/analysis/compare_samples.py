"""One run a side: the samples are what varies."""

from typing import TYPE_CHECKING, Any

from lh_eval.analysis.comparison import NOTHING, OVERALL_COLUMNS, Comparison, discordant, rates, with_holm
from lh_eval.statistics import Interval, bootstrap_mean, mcnemar_exact, mean_of_rates, paired_difference

if TYPE_CHECKING:
    import pandas as pd


def by_samples(joined: "pd.DataFrame", *, level: float, questions: int, seed: int) -> Comparison:
    """Compare column 1 of the joined rows with column 0; arguments as in `compare`."""
    import pandas as pd

    rows = []
    for (length, depth), cell in joined.groupby(["length", "depth"]):
        gained, lost = discordant(cell[0], cell[1])
        rows.append(
            {
                **rates(cell, [0], [1]),
                "length": length,
                "depth": depth,
                "gained": gained,
                "lost": lost,
                "p": mcnemar_exact(gained, lost),
            }
            | dict(zip(("ci_low", "ci_high"), _cell_interval(cell, level) or NOTHING, strict=True))
        )
    cells = with_holm(pd.DataFrame(rows))
    gained, lost = discordant(joined[0], joined[1])
    spread: dict[str, Any] = {"level": level, "questions": questions, "seed": seed}
    interval = grid_interval(joined, joined[1] - joined[0], **spread)
    whole = joined[[0, 1]].isin([0.0, 1.0]).to_numpy().all()
    # of fractions, gained and lost leave out how much: what is tested is which side has the higher score more often
    test = "exact McNemar test" if whole else "exact sign test of gained against lost, as scores are fractions"
    newcombe = f"{level:.0%} interval of Newcombe (1998, method 10) for paired rates"
    notes = [f"cells: {newcombe}, {test}, Holm over {len(cells)} cells"]
    if interval is not None:
        named = "exact McNemar" if whole else "exact sign test"
        notes.append(f"grid: cluster bootstrap (BCa) over the samples that share a length and a trial; {named}")
    else:
        interval = _cell_interval(joined, level)
        notes.append("grid: too few clusters, or no spread among them, for the bootstrap: Newcombe over all pairs")
    overall: dict[str, Any] = {
        "trainings_a": 1,
        "trainings_b": 1,
        "cells": len(cells),
        "pairs": len(joined),
        "gained": gained,
        "lost": lost,
        "p": mcnemar_exact(gained, lost),
        "least_p": float("nan"),
    }
    for side, number in (("a", 0), ("b", 1)):
        mean = mean_of_rates((cells[f"rate_{side}"] * cells["pairs"]).tolist(), cells["pairs"].tolist(), level)
        assert mean is not None
        low, high = grid_interval(joined, joined[number], **spread) or mean.interval
        overall |= {f"rate_{side}": cells[f"rate_{side}"].mean(), f"rate_{side}_low": low, f"rate_{side}_high": high}
    overall["difference"] = cells["difference"].mean()
    overall["ci_low"], overall["ci_high"] = interval or NOTHING
    return Comparison(cells, pd.DataFrame([overall], columns=OVERALL_COLUMNS), notes)


def grid_interval(
    joined: "pd.DataFrame", values: "pd.Series", *, level: float = 0.95, questions: int = 1, seed: int = 0
) -> Interval | None:
    """Cluster-bootstrap interval of a mean over the grid of a task, or of several; as `bootstrap_mean`.

    A cluster is a length and a trial (or a context, of several `questions`): tasks draw a trial's filler, needles and
    distractors once for all depths of a length, and anew for another length.

    Args:
        joined: `KEY` of each sample.
        values: its score, or a difference of scores.
        level: confidence level.
        questions: as in `compare`.
        seed: of the bootstrap.
    """
    strata = list(zip(joined["task"], joined["length"], strict=True))
    return bootstrap_mean(
        values.to_numpy(dtype=float),
        cells=list(zip(strata, joined["depth"], strict=True)),
        clusters=list(zip(strata, joined["trial"] // questions, strict=True)),
        strata=strata,
        level=level,
        seed=seed,
    )


def _cell_interval(cell: "pd.DataFrame", level: float) -> Interval | None:
    """Newcombe's interval of B less A; None where scores are between 0 and 1, which are no counts."""
    a, b = cell[0], cell[1]
    if not (a.isin([0.0, 1.0]) & b.isin([0.0, 1.0])).all():
        return None
    both, neither = int(((a == 1) & (b == 1)).sum()), int(((a == 0) & (b == 0)).sum())
    return paired_difference(both, *discordant(a, b), neither, level)
