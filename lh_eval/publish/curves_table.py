"""The table of training curves: a row a run, stage and length, with its speed, losses and what a switch did to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.curves import Curve
from lh_eval.analysis.switches import jump, level, main_switch, steps_text, with_parts
from lh_eval.errors import InputError
from lh_eval.lengths import length_label
from lh_eval.publish.tabular import booktabs, csv_text, markdown

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["run", "recipe", "seed", "stage", "attention", "length", "steps", "tokens", "seconds", "tokens_per_second"]
_OF_LOSS = ("end", "before", "before_sd", "highest", "gap", "recovery_steps")
_LEFT = 2  # columns of text


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


def for_people(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table as text, a row a recipe, stage and length: means over its seeds, steps to recover as a range."""
    import pandas as pd

    columns = [str(name).removesuffix("_end") for name in table.columns if str(name).endswith("_end")]
    shown = []
    for _, own in table.groupby(["recipe", table.groupby("run").cumcount()], sort=False):
        first, rate = own.iloc[0], own["tokens_per_second"].median()
        row = {"recipe": str(first["recipe"]), "stage": f"{first['stage']} {first['attention']}"}
        row |= {"length": length_label(int(first["length"])), "seeds": str(len(own))}
        row |= {"tokens": f"{own['tokens'].mean() / 1e6:.1f}M", "seconds": f"{own['seconds'].mean():.0f}"}
        row |= {"tokens/s": f"{rate / 1e6:.2f}M" if rate >= 1e5 else f"{rate:.0f}"}
        for column in columns:
            switched = own[own[f"{column}_before"].notna()]
            row[f"{column} at end"] = _mean(own[f"{column}_end"], ".3f")
            row[f"{column} gap"] = _mean(switched[f"{column}_gap"], "+.3f")
            row[f"{column} steps"] = steps_text(switched[f"{column}_recovery_steps"]) if len(switched) else ""
        shown.append(row)
    return pd.DataFrame(shown)


def write_curves_table(table: "pd.DataFrame", stem: str | Path) -> list[Path]:
    """Write `<stem>.csv` with every column, and what people read as `<stem>.md` and `<stem>.tex`, a booktabs tabular.

    Raises:
        InputError: they cannot be written.
    """
    shown = for_people(table)
    texts = {
        "csv": csv_text(table),
        "md": markdown(shown, left=_LEFT),
        "tex": booktabs(shown, left=_LEFT),
    }
    files = [Path(f"{stem}.{kind}") for kind in texts]
    try:
        for file, text in zip(files, texts.values(), strict=True):
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"out must be a file that can be written, got {stem} ({error.strerror})") from None
    return files


def _mean(values: "pd.Series", form: str) -> str:
    return format(values.mean(), form).replace("-", "−") if values.notna().any() else ""
