"""The paper's claims on the grid: matched pairs of trainings, compared by prompts and by trainings.

Two questions, two tables. By prompts: do these checkpoints differ? Prompts vary, checkpoints are fixed. By trainings:
would the recipes differ with other seeds? Then as many observations count as there are pairs of trainings.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from lh_eval.publish.tabular import p_value
from lh_eval.statistics import compare_trainings
from lh_eval.studies.grid.paper import Claim
from lh_eval.studies.grid.prompts import LEVEL, by_prompts, ends, mean_over_cells, tests_as_text, with_holm
from lh_eval.studies.grid.trainings import PAPER_TASK, Grid
from lh_eval.studies.tables import Shown, Table, signed

_DECIDED = f"p after Holm, over the lines of one task, is below {1 - LEVEL:.2g}, and the interval on one side of 0"
_OPEN = (
    "Open cells: those of the grid in which some training of the line misses a prompt; in the others nothing can "
    "differ, and they draw the mean to 0."
)
_VERDICTS = {"prompts": ("more", "fewer", "not told apart"), "trainings": ("agrees", "opposite", "not decided")}
_NOTES = {
    "prompts": (
        "These checkpoints, on the prompts that all of a line's trainings were asked, evaluated dense. Gained: prompts "
        "on which the first side's trainings find the needle more often than the other's; lost: less often. "
        "95 % interval: paired cluster bootstrap; p: sign-flip test of the same mean on the same clusters, "
        "0.0002 at the least, by 9,999 flips. "
        f"{_OPEN} More, or fewer: of these checkpoints, {_DECIDED}. Prompts alone vary here: no claim on recipes is "
        "decided, whatever p; the next table is of those."
    ),
    "trainings": (
        "What another seed would give. A pair is two trainings that differ in that one thing alone; against dense, "
        "the mean of a seed's trainings and that seed's dense one. 95 % t-interval over pairs, exact sign-flip "
        "permutation test, and the least p-value that so many pairs can give; no test below three pairs. "
        f"{_OPEN} The paper's difference is of its own grid and checkpoints. Agrees, or opposite: {_DECIDED}."
    ),
}
_COLUMNS = ["by", "claim", "task", "pairs", "observations", "difference", "ci_low", "ci_high", "gained", "lost", "p"]
_MORE = ["least_p", "p_holm", "paper", "verdict", "open_cells", "all_cells"]


def claims_table(claims: Iterable[Claim], grid: Grid) -> Table:
    """A row a level, claim and scope, shown a level at a time.

    Its numbers are `by` ("prompts" or "trainings"), `claim`, `task`, `pairs` of trainings, `observations` that vary
    (prompts, or pairs without common trainings), `difference` with interval, `gained` and `lost` prompts, `p`,
    `least_p`, `p_holm` over the claims of that level and task, `paper` where its task is among them, `verdict`, and of
    `all_cells` the `open_cells`, as in `by_prompts`.
    """
    rows = []
    for claim in claims:
        for scope, tasks in grid.scopes.items():
            known = grid.evaluated(grid.trainings.index, tasks)
            pairs = claim.pairs[claim.pairs["base"].isin(known) & claim.pairs["other"].isin(known)]
            if pairs.empty:
                continue
            joined = grid.scores([*pairs["base"], *pairs["other"]], tasks)
            row = {"claim": claim.name, "task": scope, "pairs": len(pairs)}
            row["paper"] = claim.paper if PAPER_TASK in tasks else None
            asked = by_prompts(joined)
            row |= {name: asked[name] for name in ("open_cells", "all_cells")}
            rows.append(row | {"by": "prompts"} | asked)
            rows.append(row | {"by": "trainings"} | by_trainings(joined, pairs["shared"]))
    table = pd.DataFrame(rows, columns=[*_COLUMNS, *_MORE])
    table = with_holm(table, ["by", "task"]).sort_values("by", kind="stable", ignore_index=True)
    numbers = table[["ci_low", "ci_high", "p_holm"]].to_numpy(float)
    table["verdict"] = [verdict(by, *values) for by, values in zip(table["by"], numbers, strict=True)]
    table = table.astype({"gained": "Int64", "lost": "Int64"})
    return Table(table, {f"-{by}": Shown(as_text(table, by), note) for by, note in _NOTES.items()}, 2)


def by_trainings(joined: pd.DataFrame, shared: pd.Series) -> dict[str, Any]:
    """Trainings vary: what counts is a training's mean over the grid.

    Args:
        joined: scores of the base of each pair, then of the other of each.
        shared: for each pair; those of one value are one observation.
    """
    means = [mean_over_cells(joined, joined[i]) for i in range(2 * len(shared))]
    sides = pd.DataFrame({"base": means[: len(shared)], "other": means[len(shared) :]})
    sides = sides.groupby(shared.to_numpy(), sort=False).mean()
    found = compare_trainings(sides["base"].tolist(), sides["other"].tolist(), paired=True, level=LEVEL)
    tested = {"difference": found.difference, **ends(found.interval), "p": found.p, "least_p": found.least_p}
    return {"observations": len(sides)} | tested


def verdict(by: str, low: float, high: float, p: float) -> str:
    """What an interval and its p-value after Holm say together; where prompts alone vary, of these checkpoints."""
    above, below, neither = _VERDICTS[by]
    if p < 1 - LEVEL and low > 0:
        return above
    return below if p < 1 - LEVEL and high < 0 else neither


def as_text(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """One level's rows as people read them."""
    own = table[table["by"] == by]
    tests = tests_as_text(own) | {"least p": own["least_p"].map(p_value).tolist()}
    counts = ["gained", "lost", "p"] if by == "prompts" else ["p", "least p"]
    shown = own[["claim", "task"]].copy()
    shown["prompts" if by == "prompts" else "pairs"] = own["observations"].astype(str)
    shown["open cells"] = own["open_cells"].astype(str) + " of " + own["all_cells"].astype(str)
    for name in ("difference (95 % interval)", *counts, "p, Holm"):
        shown[name] = tests[name]
    if by == "prompts":  # what the paper says is of recipes
        return shown.assign(**{"these checkpoints": own["verdict"]})
    return shown.assign(**{"paper, 530M": own["paper"].astype(float).map(signed), "verdict": own["verdict"]})
