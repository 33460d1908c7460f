"""The paper's claims on the grid: matched pairs of trainings, compared by prompts and by trainings.

Two questions, two tables. By prompts: do these checkpoints differ? Prompts vary, checkpoints are fixed. By trainings:
would the recipes differ with other seeds? Then as many observations count as there are pairs of trainings.
"""

import statistics
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import pandas as pd
from grid_prompts import LEVEL, add_holm, by_prompts, ends, side_by_side
from grid_table import PAPER, PAPER_DENSE, budgets_of, mean_over_cells, paper_rate
from grid_trainings import PAPER_TASK, Training, by_recipe, scopes_of
from tables import signed, signed_with_interval

from lh_eval.publish.tabular import p_value
from lh_eval.statistics import compare_trainings

BY = ("prompts", "trainings")
_VERDICT = (
    f"Agrees, or opposite: p after Holm, over the lines of one task, is below {1 - LEVEL:.2g}, and the interval on one "
    "side of 0."
)
NOTES = {
    "prompts": (
        "These checkpoints, on the prompts that all of a line's trainings were asked, evaluated dense. Gained: prompts "
        "on which the first side's trainings find the needle more often than the other's; lost: less often; exact "
        f"McNemar test of the two counts. 95 % interval: paired cluster bootstrap. {_VERDICT}"
    ),
    "trainings": (
        "What another seed would give. A pair is two trainings that differ in that one thing alone; against dense, "
        "the mean of a seed's trainings and that seed's dense one. 95 % t-interval over pairs, exact sign-flip "
        f"permutation test, and the least p-value that so many pairs can give; no test below three pairs. {_VERDICT}"
    ),
}


class Pair(NamedTuple):
    """Two trainings that differ in one thing alone.

    base: the side that a claim puts below.
    other: the side that it puts above.
    shared: what they have in common; pairs of one claim with the same are one observation of trainings.
    """

    base: Training
    other: Training
    shared: Hashable

    def have(self, tasks: Iterable[str]) -> bool:
        """Whether both were evaluated, dense, on all the tasks."""
        return all((task, "dense") in training.runs for task in tasks for training in (self.base, self.other))


class Claim(NamedTuple):
    """That one kind of training finds more needles than another.

    name: as `A over B`.
    pairs: where the grid can say something about it.
    paper: the paper's difference, None where it gives none.
    """

    name: str
    pairs: list[Pair]
    paper: float | None


def paper_claims(trainings: list[Training]) -> list[Claim]:
    """Query-key over norm, larger k over smaller, few levels over many, two stages over dense; those with pairs."""
    two_stages = Claim(
        "two stages over dense from scratch", _over_dense(trainings), statistics.fmean(PAPER.values()) - PAPER_DENSE
    )
    claims = [qk_over_norm(trainings), _larger_budget(trainings), _fewer_levels(trainings), two_stages]
    return [claim for claim in claims if claim.pairs]


def qk_over_norm(trainings: list[Training]) -> Claim:
    """Query-key over norm at equal k, levels and seed."""
    pairs = _extremes(
        [training for training in trainings if _base_scorer(training) in ("norm", "qk")],
        differs=lambda training: _base_scorer(training) == "qk",
        shares=lambda training: (training.recipe.k, training.recipe.num_levels, training.seed),
    )
    paper = statistics.fmean(PAPER["qk", k] - PAPER["norm", k] for k in {k for _, k in PAPER})
    return Claim("query-key over norm, equal k", pairs, paper)


def _larger_budget(trainings: list[Training]) -> Claim:
    pairs = _extremes(
        [training for training in trainings if training.recipe.scorer is not None],
        differs=lambda training: training.recipe.k,
        shares=lambda training: (training.recipe.scorer, training.recipe.num_levels, training.seed),
    )
    small, large = sorted({k for _, k in PAPER})
    paper = statistics.fmean(PAPER[scorer, large] - PAPER[scorer, small] for scorer in {scorer for scorer, _ in PAPER})
    return Claim("larger k over smaller", pairs, paper)


def _fewer_levels(trainings: list[Training]) -> Claim:
    pairs = _extremes(
        [training for training in trainings if training.recipe.num_levels is not None],
        differs=lambda training: -training.recipe.num_levels,
        shares=lambda training: (training.recipe.scorer, training.recipe.k, training.seed),
    )
    few, many = (sorted({training.recipe.num_levels for training in side}) for side in _sides(pairs)[::-1])
    return Claim(f"L = {_listed(few)} over L = {_listed(many)}", pairs, None)


def recipes_over_dense(trainings: list[Training]) -> list[Claim]:
    """Each two-stage recipe over dense from scratch."""
    dense = [training for training in trainings if training.recipe.scorer is None]
    claims = []
    for recipe, group in by_recipe(trainings).items():
        pairs = _over_dense([*dense, *group]) if recipe.scorer is not None else []
        if pairs:
            rate = paper_rate(recipe, budgets_of(trainings))
            claims.append(Claim(f"{recipe.label} over dense", pairs, None if rate is None else rate - PAPER_DENSE))
    return claims


def claims_table(claims: Iterable[Claim], trainings: list[Training]) -> pd.DataFrame:
    """A row a level, claim and scope.

    Returns:
        `by` ("prompts" or "trainings"), `claim`, `task`, `pairs` of trainings, `observations` that vary (prompts, or
        pairs without common trainings), `difference` with interval, `gained` and `lost` prompts, `p`, `least_p`,
        `p_holm` over the claims of that level and task, `paper` where its task is among them, and `verdict`.
    """
    rows = []
    for claim in claims:
        for scope, tasks in scopes_of(trainings).items():
            pairs = [pair for pair in claim.pairs if pair.have(tasks)]
            if not pairs:
                continue
            base, other = _sides(pairs)
            joined = side_by_side([(training, "dense") for training in (*base, *other)], tasks)
            known = {"claim": claim.name, "task": scope, "pairs": len(pairs)}
            known["paper"] = claim.paper if PAPER_TASK in tasks else None
            rows += [
                known | {"by": "prompts"} | by_prompts(joined),
                known | {"by": "trainings"} | _by_trainings(joined, pairs),
            ]
    columns = ["by", "claim", "task", "pairs", "observations", "difference", "ci_low", "ci_high", "gained", "lost", "p"]
    table = pd.DataFrame(rows, columns=[*columns, "least_p", "p_holm", "paper", "verdict"])
    add_holm(table, ["by", "task"])
    table["verdict"] = [
        verdict(low, high, p) for low, high, p in table[["ci_low", "ci_high", "p_holm"]].to_numpy(float)
    ]
    return table.sort_values("by", kind="stable", ignore_index=True).astype({"gained": "Int64", "lost": "Int64"})


def claims_table_for_people(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """One level's rows as text."""
    own = table[table["by"] == by]
    shown = own[["claim", "task"]].copy()
    shown["pairs"] = own["observations"].astype(str)
    shown["difference (95 % interval)"] = [
        signed_with_interval(*values) for values in own[["difference", "ci_low", "ci_high"]].to_numpy(float)
    ]
    if by == "prompts":
        shown = shown.rename(columns={"pairs": "prompts"})
        shown["gained"], shown["lost"] = own["gained"].astype(str), own["lost"].astype(str)
    shown["p"] = own["p"].map(p_value)
    if by == "trainings":
        shown["least p"] = own["least_p"].map(p_value)
    shown["p, Holm"] = own["p_holm"].map(p_value)
    shown["paper, 530M"] = [signed(value) for value in own["paper"].astype(float)]
    shown["verdict"] = own["verdict"]
    return shown


def verdict(low: float, high: float, p: float) -> str:
    """What a claim's interval and its p-value after Holm say together."""
    if p < 1 - LEVEL and low > 0:
        return "agrees"
    return "opposite" if p < 1 - LEVEL and high < 0 else "not decided"


def _by_trainings(joined: pd.DataFrame, pairs: list[Pair]) -> dict[str, Any]:
    """Trainings vary: what counts is a training's mean over the grid."""
    sides: list[list[float]] = []
    for first in (0, len(pairs)):
        groups: dict[Hashable, list[float]] = {}
        for i, pair in enumerate(pairs):
            groups.setdefault(pair.shared, []).append(mean_over_cells(joined, joined[first + i]))
        sides.append([statistics.fmean(values) for values in groups.values()])
    found = compare_trainings(*sides, paired=True, level=LEVEL)
    return {
        "observations": len(sides[0]),
        "difference": found.difference,
        **ends(found.interval),
        "p": found.p,
        "least_p": found.least_p,
    }


def _extremes(
    trainings: list[Training], *, differs: Callable[[Training], Any], shares: Callable[[Training], Hashable]
) -> list[Pair]:
    """Of trainings that share something, the one where `differs` is least and the one where it is most."""
    groups: dict[Hashable, list[Training]] = {}
    for training in trainings:
        groups.setdefault(shares(training), []).append(training)
    ends = [(min(group, key=differs), max(group, key=differs), shared) for shared, group in groups.items()]
    return [Pair(base, other, shared) for base, other, shared in ends if differs(base) != differs(other)]


def _over_dense(trainings: list[Training]) -> list[Pair]:
    dense = {training.seed: training for training in trainings if training.recipe.scorer is None}
    two_stages = [training for training in trainings if training.recipe.scorer is not None]
    return [Pair(dense[other.seed], other, other.seed) for other in two_stages if other.seed in dense]


def _sides(pairs: list[Pair]) -> tuple[list[Training], list[Training]]:
    return [pair.base for pair in pairs], [pair.other for pair in pairs]


def _base_scorer(training: Training) -> str:
    return str(training.recipe.scorer).partition(":")[0]


def _listed(values: Iterable[int]) -> str:
    return " or ".join(map(str, values))
