"""What forcing entries in and out does to checkpoints of several trainings: one number a training and condition."""

from pathlib import Path

import pandas as pd

from lh_eval.analysis.interventions import NATURAL, interventions
from lh_eval.publish.tabular import p_value
from lh_eval.statistics import compare_trainings
from lh_eval.store.sweep import SWEEP, read_sweep
from lh_eval.studies.branches.evaluating import INTERVENED
from lh_eval.studies.branches.training import LIGHTHOUSE, ROWS
from lh_eval.studies.tables import Shown, Table, rate, signed, with_interval

_NOTE = (
    "At the end of the Lighthouse stage, under its own setting; mean over trainings. Differences are the condition's "
    "less natural's on the same prompts, with the 95 % t-interval over trainings and the exact sign-flip test, "
    "unadjusted. Held: share of the question's tokens that layers and heads gathered at the finest level."
)


def read_interventions(folder: Path) -> pd.DataFrame:
    """A row a training, task, length and condition, with the columns of `analysis.interventions`; empty where none.

    A training whose conditions are not all done is left out: means over trainings are of the same ones.
    """
    frames = []
    for sweep in sorted((folder / ROWS).glob(f"*/{LIGHTHOUSE}/{INTERVENED}/*/{SWEEP}")):
        training, task = sweep.parents[3].name, sweep.parent.name
        found = interventions(read_sweep(sweep.parent).runs)
        if found["n"].nunique() == 1 and found["n"].iloc[0] > 0:
            frames.append(found.assign(training=training, task=task))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["training", "task"])


def interventions_table(values: pd.DataFrame) -> Table:
    """Each condition over trainings: rate, margin, and what it changes."""
    rows = []
    for (task, length, condition), group in values.groupby(["task", "length", "condition"], sort=False):
        row = {"task": task, "length": length, "condition": condition, "trainings": group["training"].nunique()}
        row |= {name: group[name].mean() for name in ("rate", "margin", "needle_held", "question_held")}
        if condition != NATURAL:
            for name in ("rate", "margin"):
                row |= _change(name, group[f"{name}_difference"].dropna().tolist())
        rows.append(row)
    numbers = pd.DataFrame(rows)
    return Table(numbers, {"": Shown(_as_text(numbers), _NOTE)}, 2)


def _change(name: str, differences: list[float]) -> dict[str, float]:
    """Mean over trainings, its interval and p."""
    if not differences:
        return {}
    result = compare_trainings([0.0] * len(differences), differences, paired=True)
    low, high = result.interval or (float("nan"), float("nan"))
    p = float("nan") if result.p is None else result.p
    values = {"": result.difference, "_low": low, "_high": high, "_p": p}
    return {f"{name}_change{end}": value for end, value in values.items()}


def _as_text(numbers: pd.DataFrame) -> pd.DataFrame:
    def changed(name: str) -> list[str]:
        columns = [f"{name}_change{end}" for end in ("", "_low", "_high")]
        return [with_interval(signed, *ends) for ends in numbers.reindex(columns=columns).to_numpy(float)]

    p = numbers.get("margin_change_p", pd.Series(float("nan"), index=numbers.index))
    return pd.DataFrame(
        {
            "task": numbers["task"],
            "forced": numbers["condition"],
            "trainings": numbers["trainings"].astype(str),
            "question held": numbers["question_held"].map(rate),
            "rate": numbers["rate"].map(rate),
            "change of rate": changed("rate"),
            "margin": numbers["margin"].map(rate),
            "change of margin": changed("margin"),
            "p": p.map(p_value),
        }
    )
