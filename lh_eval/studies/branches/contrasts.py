"""Compares cells over trunks: paired differences with t-intervals, exact sign-flip tests and Holm's correction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from lh_eval.publish.tabular import NOTHING, p_value
from lh_eval.statistics import compare_trainings, holm
from lh_eval.studies.branches.outcomes import OWN
from lh_eval.studies.branches.training import LIGHTHOUSE
from lh_eval.studies.tables import Shown, Table, rate, signed, with_interval

LEVEL = 0.95
LEAST_SEEDS = 8  # for anything to be called decided
KEYED = ("keyed", "keyed:records=64")  # canonical: 8 records are the default
# In the order of the protocol; each is a family of its own for Holm's correction.
PRIMARY = {
    "keyed rate": [f"{task} rate" for task in KEYED],
    "keyed margin": [f"{task} margin" for task in KEYED],
    "copy loss": ["copy loss"],
}
SECONDARY = {"passkey rate": ["passkey rate"], "passkey margin": ["passkey margin"], "held-out loss": ["held_out loss"]}
_NOTE = (
    "A seed is one trunk; its value is the second side's mean less the first side's over the branches of that trunk. "
    "95 % t-interval over seeds; exact sign-flip test; Holm over the contrasts of one primary outcome. Excluded: "
    "differences further from 0 lie outside the interval. Decided: p after Holm below 0.05, the interval on one side "
    f"of 0, and at least {LEAST_SEEDS} seeds."
)


class Contrast(NamedTuple):
    """Two groups of cells of one trunk.

    name: for people.
    less: cells that are subtracted.
    of: cells that they are subtracted from.
    """

    name: str
    less: Sequence[str]
    of: Sequence[str]


def primary_places(outcomes: pd.DataFrame) -> pd.DataFrame:
    """What is measured where primary outcomes are: the stage's end, the own setting, the longest trained length."""
    ended = outcomes[(outcomes["kept"] == LIGHTHOUSE) & (outcomes["read_as"] == OWN)]
    asked = (ended["reading"] == "prompt") & (ended["length"] == ended["trained_length"])
    return ended[(ended["reading"] == "training") | asked.fillna(value=False)]


def contrasts_of(outcomes: pd.DataFrame) -> list[Contrast]:
    """The protocol's contrasts on the cells that there are: scorers against `norm`, k, and RoPE's place."""
    cells = outcomes.drop_duplicates("cell").dropna(subset=["scorer"])
    names: dict[tuple[str, int, str], str] = {
        (scorer, int(k), rope): cell for cell, scorer, k, rope in cells[["cell", "scorer", "k", "rope"]].to_numpy()
    }
    scorers = list(dict.fromkeys(scorer for scorer, _, _ in names))
    ks = sorted({k for _, k, rope in names if rope == "before"})
    made = []
    for scorer in scorers:
        shared = [k for k in ks if {(scorer, k, "before"), ("norm", k, "before")} <= names.keys()]
        if scorer != "norm" and shared:
            less, of = ([names[one, k, "before"] for k in shared] for one in ("norm", scorer))
            made.append(Contrast(f"{scorer} less norm", less, of))
    both = [one for one in scorers if {(one, k, "before") for k in (ks[0], ks[-1])} <= names.keys()] if ks else []
    if len(ks) > 1 and both:
        less, of = ([names[one, k, "before"] for one in both] for k in (ks[0], ks[-1]))
        made.append(Contrast(f"k = {ks[-1]} less k = {ks[0]}", less, of))
    turned = [(scorer, k) for scorer, k, rope in names if rope == "after" and (scorer, k, "before") in names]
    if turned:
        less, of = ([names[scorer, k, rope] for scorer, k in turned] for rope in ("before", "after"))
        made.append(Contrast("rope after less before", less, of))
    return made


def contrasts_table(outcomes: pd.DataFrame) -> Table:
    """Every contrast on every outcome, checkpoint and reading; primary ones, at the trained length, first.

    Its numbers are `primary`, `kept`, `reading`, `read_as`, `length`, `outcome`, `contrast`, `seeds`, `difference`,
    `ci_low`, `ci_high`, `p`, `least_p`, `p_holm`, `excluded` and `decided`.
    """
    rows: list[dict[str, Any]] = []
    contrasts = contrasts_of(outcomes)
    places = ["kept", "reading", "read_as", "length"]
    first = primary_places(outcomes).index
    for names, group in outcomes[outcomes["read_as"].isin([OWN, "dense"])].groupby(places, dropna=False, sort=False):
        place = dict(zip(places, names, strict=True))
        for outcome, parts in (PRIMARY | SECONDARY).items():
            values = by_training(group, parts)
            primary = outcome in PRIMARY and bool(group.index.isin(first).all())
            for contrast in contrasts:
                found = compared(values, contrast)
                if found:
                    rows.append({"primary": primary, **place, "outcome": outcome, "contrast": contrast.name, **found})
    columns = ["primary", *places, "outcome", "contrast", "seeds", "difference", "ci_low", "ci_high", "p", "least_p"]
    table = pd.DataFrame(rows, columns=columns).sort_values(
        "primary", ascending=False, kind="stable", ignore_index=True
    )
    return _decided(table)


def readings_table(outcomes: pd.DataFrame) -> Table:
    """Each cell at the end of the Lighthouse stage: its outcomes read as trained, dense and under each other scorer."""
    ended = outcomes[(outcomes["kept"] == LIGHTHOUSE) & (outcomes["reading"] == "prompt")]
    ended = ended[ended["length"] == ended["trained_length"]]
    keys = ["outcome", "cell", "read_as"]
    values = ended.groupby(keys, sort=False)["value"].agg(["mean", "std", "size"]).reset_index()
    values = values.rename(columns={"std": "sd", "size": "seeds"})
    text = values["mean"].map(rate) + " (" + values["sd"].map(rate) + ", " + values["seeds"].astype(str) + ")"
    shown = values.assign(text=text).pivot(index=["outcome", "cell"], columns="read_as", values="text")
    shown = shown.fillna(NOTHING).rename_axis(columns=None).reset_index()
    return Table(values, {"": Shown(shown, "Mean over seeds (SD between seeds, seeds), by the scorer that reads.")}, 2)


def by_training(group: pd.DataFrame, parts: Sequence[str]) -> pd.DataFrame:
    """Mean of an outcome's parts, a row a trunk and a column a cell; missing where a part is."""
    values = group[group["outcome"].isin(parts)].pivot_table(index=["trunk", "cell"], columns="outcome", values="value")
    whole = values.reindex(columns=list(parts)).mean(axis=1, skipna=False).dropna()
    return whole.unstack("cell")


def compared(values: pd.DataFrame, contrast: Contrast) -> dict[str, Any] | None:
    """A contrast over the trunks that have all of its cells; None where fewer than two have."""
    cells = [*contrast.less, *contrast.of]
    if not set(cells) <= set(values.columns):
        return None
    known = values[cells].dropna()
    if len(known) < 2:
        return None
    less, of = (known[list(side)].mean(axis=1).tolist() for side in (contrast.less, contrast.of))
    result = compare_trainings(less, of, paired=True, level=LEVEL)
    low, high = result.interval or (result.difference, result.difference)
    p = float("nan") if result.p is None else result.p
    return {"seeds": len(known), "difference": result.difference, "ci_low": low, "ci_high": high, "p": p,
            "least_p": result.least_p}  # fmt: skip


def _decided(table: pd.DataFrame) -> Table:
    table["p_holm"] = float("nan")
    for _, family in table[table["primary"]].groupby("outcome"):
        table.loc[family.index, "p_holm"] = holm(family["p"].tolist())
    table["excluded"] = table[["ci_low", "ci_high"]].abs().max(axis=1)
    one_side = (table["ci_low"] > 0) | (table["ci_high"] < 0)
    table["decided"] = (table["p_holm"] < 1 - LEVEL) & one_side & (table["seeds"] >= LEAST_SEEDS)
    shown = {"": table[table["primary"]], "-secondary": table[~table["primary"]]}
    return Table(table, {end: Shown(_as_text(rows), _NOTE) for end, rows in shown.items()}, 2)


def _as_text(rows: pd.DataFrame) -> pd.DataFrame:
    ends = rows[["difference", "ci_low", "ci_high"]].to_numpy(float)
    places = rows[["kept", "reading", "read_as", "length"]].astype(object).to_numpy()
    return pd.DataFrame(
        {
            "outcome": rows["outcome"],
            "contrast": rows["contrast"],
            "checkpoint, reading": [", ".join(str(part) for part in one if not pd.isna(part)) for one in places],
            "seeds": rows["seeds"].astype(str),
            "difference (95 % interval)": [with_interval(signed, *one) for one in ends],
            "p": rows["p"].map(p_value),
            "p, Holm": rows["p_holm"].map(p_value),
            "excluded beyond": rows["excluded"].map("{:.3f}".format),
            "": rows["decided"].map({True: "decided", False: "not decided"}),
        }
    )
