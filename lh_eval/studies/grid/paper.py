"""What the paper claims of its checkpoints, and the pairs of trainings on which the grid can say something about it.

Peng, Ghosh and Quesnelle 2026, arXiv:2605.06554: mean retrieval rate of the 530M checkpoints over the grid.
"""

import statistics
from typing import NamedTuple

import pandas as pd

from lh_eval.store.sweep import DENSE

PAPER_LEVELS = 3
PAPER_DENSE = 0.72
PAPER = {("qk", 2048): 0.76, ("qk", 1536): 0.73, ("norm", 2048): 0.72, ("norm", 1536): 0.65}
_BUDGETS = sorted({k for _, k in PAPER})


class Claim(NamedTuple):
    """That one kind of training finds more needles than another.

    name: as `A over B`.
    pairs: a row for two trainings that differ in one thing alone: `base`, which the claim puts below, `other`, which
        it puts above, and `shared`; pairs with the same are one observation of trainings.
    paper: the paper's difference, None where it gives none.
    """

    name: str
    pairs: pd.DataFrame
    paper: float | None


def paper_claims(trainings: pd.DataFrame) -> list[Claim]:
    """Query-key over norm, larger k over smaller, few levels over many, two stages over dense; those with pairs."""
    small, large = _BUDGETS
    larger = statistics.fmean(PAPER[scorer, large] - PAPER[scorer, small] for scorer in ("norm", "qk"))
    two_stages = statistics.fmean(PAPER.values()) - PAPER_DENSE
    sparse = trainings[trainings["scorer"] != DENSE]
    budgets = _extremes(sparse, sparse["k"].astype(int), ["scorer", "num_levels", "seed"])
    levels = _extremes(sparse, -sparse["num_levels"].astype(int), ["scorer", "k", "seed"])
    few, many = (_listed(trainings.loc[levels[side], "num_levels"]) for side in ("other", "base"))
    claims = [
        qk_over_norm(trainings),
        Claim("larger k over smaller", budgets, larger),
        Claim(f"L = {few} over L = {many}", levels, None),
        Claim("two stages over dense from scratch", _over_dense(trainings, sparse), two_stages),
    ]
    return [claim for claim in claims if len(claim.pairs)]


def qk_over_norm(trainings: pd.DataFrame) -> Claim:
    """Query-key over norm at equal k, levels and seed."""
    scorers = _names(trainings)
    own = trainings[scorers.isin(["norm", "qk"])]
    paper = statistics.fmean(PAPER["qk", k] - PAPER["norm", k] for k in _BUDGETS)
    pairs = _extremes(own, (scorers[own.index] == "qk").astype(int), ["k", "num_levels", "seed"])
    return Claim("query-key over norm, equal k", pairs, paper)


def recipes_over_dense(trainings: pd.DataFrame) -> list[Claim]:
    """Each two-stage recipe over dense from scratch."""
    differences = {recipe: rate - PAPER_DENSE for recipe, rate in paper_rates(trainings).items()}
    recipes = trainings[trainings["scorer"] != DENSE].groupby("recipe", sort=False)
    pairs = {str(recipe): _over_dense(trainings, group) for recipe, group in recipes}
    return [Claim(f"{name} over dense", own, differences.get(name)) for name, own in pairs.items() if len(own)]


def paper_rates(trainings: pd.DataFrame) -> dict[str, float]:
    """The paper's rate by the recipe that corresponds: its smaller and larger budget are those of the grid."""
    budgets = sorted(set(trainings["k"].dropna()))
    theirs = dict(zip(budgets, _BUDGETS, strict=True)) if len(budgets) == len(_BUDGETS) else {}
    own = trainings[trainings["num_levels"] == PAPER_LEVELS]
    keys = zip(_names(own), own["k"].map(theirs), strict=True)
    found = {recipe: PAPER.get(key) for recipe, key in zip(own["recipe"], keys, strict=True)}
    return {DENSE: PAPER_DENSE} | {recipe: rate for recipe, rate in found.items() if rate is not None}


def _extremes(trainings: pd.DataFrame, differs: pd.Series, shares: list[str]) -> pd.DataFrame:
    """Of trainings that share something, the one where `differs` is least and the one where it is most."""
    groups = differs.groupby([trainings[name] for name in shares], sort=False)
    ends = groups.agg(["idxmin", "idxmax", "min", "max"])
    pairs = ends[ends["min"] != ends["max"]].rename(columns={"idxmin": "base", "idxmax": "other"})
    return pairs[["base", "other"]].reset_index(drop=True).rename_axis("shared").reset_index()


def _over_dense(trainings: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Each of the others over dense from scratch with its seed."""
    base = trainings[trainings["scorer"] == DENSE].reset_index(names="base")[["seed", "base"]]
    pairs = others.reset_index(names="other")[["seed", "other"]].merge(base, on="seed")
    return pairs.rename(columns={"seed": "shared"})


def _names(trainings: pd.DataFrame) -> pd.Series:
    return trainings["scorer"].str.split(":").str[0]


def _listed(values: pd.Series) -> str:
    return " or ".join(map(str, sorted(set(values))))
