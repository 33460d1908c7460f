"""The list of runs as people read it."""

from typing import TYPE_CHECKING

from lh_eval.publish.tabular import NOTHING, one_line

if TYPE_CHECKING:
    import pandas as pd


def runs_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of `runs_table` as text, a dash where there is nothing."""
    import pandas as pd

    shown = table[["folder", "task", "model", "setting"]].map(one_line).replace("", NOTHING)
    shown["done"] = [
        f"{done} of {'?' if pd.isna(planned) else planned}"
        for done, planned in zip(table["done"], table["planned"], strict=True)
    ]
    if (table["failed"] > 0).any():
        shown["failed"] = table["failed"].astype(str)
    shown["rate (95% CI)"] = [
        NOTHING if rate != rate else f"{rate:.2f} ({low:.2f}–{high:.2f})"
        for rate, low, high in zip(table["rate"], table["ci_low"], table["ci_high"], strict=True)
    ]
    return shown
