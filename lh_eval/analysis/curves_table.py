"""Training curves as numbers: a row a run, stage and length, with its speed, losses and what a switch did to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.curves import Curve
from lh_eval.analysis.switches import jump, level, main_switch, with_parts

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["run", "recipe", "seed", "stage", "attention", "length", "steps", "tokens", "seconds", "tokens_per_second"]
_OF_LOSS = ("end", "before", "before_sd", "highest", "gap", "recovery_steps")


def curves_table(curves: Sequence[Curve], columns: Sequence[str]) -> "pd.DataFrame":
    """Measure each run by stage and length.

    Args:
        curves: the runs.
        columns: losses.

    Returns:
        Columns `run`, `recipe`, `seed`, `stage` (counted from 1), `attention`, `length`; `steps`, `tokens` and
        `seconds` that this part took; `tokens_per_second`, the median of its rows; and for each loss `NAME_end`, the
        level at its end, and in the first part of a stage what the switch to it did: `NAME_before` with its
        `NAME_before_sd`, `NAME_highest`, `NAME_gap` (the highest less the level before) and `NAME_recovery_steps`.
    """
    import pandas as pd

    table = []
    for curve in curves:
        rows = with_parts(curve.rows)
        done = pd.Series({"step": 0, "tokens": 0, "seconds": 0.0})
        for _, own in rows.groupby("part"):
            last = own.iloc[-1]
            stage = int(last["stage"])
            row: dict[str, Any] = {"run": curve.name, "recipe": curve.recipe, "seed": curve.seed, "stage": stage}
            row |= {"attention": last["attention"], "length": int(last["length"])}
            row |= {"steps": last["step"] - done["step"], "tokens": last["tokens"] - done["tokens"]}
            row |= {"seconds": round(last["seconds"] - done["seconds"], 1)}
            row |= {"tokens_per_second": round(own["tokens_per_second"].median())}
            first = stage > 1 and own.index[0] == rows.index[rows["stage"] == stage][0]
            for column in [name for name in columns if name in own]:
                end = level(own, column)
                row[f"{column}_end"] = None if end is None else end.mean
                if first and (found := jump(rows, column, stage)) is not None:
                    values = (found.before.mean, found.before.deviation, found.highest)
                    row |= dict(zip([f"{column}_{name}" for name in _OF_LOSS[1:4]], values, strict=True))
                    row |= {f"{column}_gap": found.highest - found.before.mean}
                    row |= {f"{column}_recovery_steps": found.recovery}
            table.append(row)
            done = last
    names = [*_KEYS, *(f"{column}_{name}" for column in columns for name in _OF_LOSS)]
    counts = ["steps", "tokens", *(f"{column}_recovery_steps" for column in columns)]
    return pd.DataFrame(table, columns=names).astype(dict.fromkeys(counts, "Int64"))


def main_switches(curves: Sequence[Curve], columns: Sequence[str]) -> "pd.DataFrame":
    """What the switch that is looked at closely did to each loss of each run.

    Returns:
        Columns `run`, `recipe`, `attention` before and `to` after it, `length` before and `to_length`, `column`,
        `step`, `tokens`, `before`, `highest` and `recovery`, which is missing where the loss did not come back.
    """
    import pandas as pd

    found = []
    for curve in curves:
        rows = with_parts(curve.rows)
        stage = main_switch(rows)
        for column in columns if stage is not None else ():
            assert stage is not None
            one = jump(rows, column, stage) if column in rows else None
            if one is None:
                continue
            last, first = rows[rows["stage"] == stage - 1].iloc[-1], rows[rows["stage"] == stage].iloc[0]
            values = {"attention": last["attention"], "to": first["attention"], "length": last["length"]}
            values |= {"to_length": first["length"], "column": column, "step": one.step, "tokens": last["tokens"]}
            values |= {"before": one.before.mean, "highest": one.highest, "recovery": one.recovery}
            found.append({"run": curve.name, "recipe": curve.recipe} | values)
    names = ["run", "recipe", "attention", "to", "length", "to_length", "column", "step", "tokens", "before", "highest"]
    return pd.DataFrame(found, columns=[*names, "recovery"]).astype({"recovery": "Int64"})
