"""A comparison as a table: for people, as CSV and as LaTeX; the grid's row, then one a cell."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.analysis.comparison import COLUMNS, Comparison
from lh_eval.lengths import length_label
from lh_eval.publish.tabular import NOTHING, Table, p_value, write_table

if TYPE_CHECKING:
    import pandas as pd


def comparison_text(compared: Comparison) -> "pd.DataFrame":
    """The comparison's numbers as text, with as many digits as are worth it, and a dash where there is nothing."""
    import pandas as pd

    rows = []
    whole = compared.overall.iloc[0]
    for row in [whole.to_dict(), *compared.cells.to_dict(orient="records")]:
        overall = "length" not in row
        rows.append(
            {
                "length": "grid" if overall else length_label(int(row["length"])),
                "depth": "" if overall else f"{row['depth']:g}",
                "pairs": f"{row['pairs']:.0f}",
                "A": f"{row['rate_a']:.3f}",
                "B": f"{row['rate_b']:.3f}",
                "B-A": f"{round(row['difference'], 9):+.3f}",  # sixteenths alike, whichever rates they are between
                "interval": _interval(row["ci_low"], row["ci_high"]),
                "gained": f"{row['gained']:.0f}",
                "lost": f"{row['lost']:.0f}",
                "p": p_value(row["p"]),
                "p (Holm)": "" if overall else p_value(row["p_holm"]),
            }
        )
    return pd.DataFrame(rows)


def write_comparison_table(
    compared: Comparison, names: tuple[str, str], folder: Path, *, models: tuple[str, str]
) -> list[Path]:
    """Write `table.csv`, whose first row is the grid's, and `table.tex`, which names both sides.

    Args:
        compared: the comparison.
        names: of both sides.
        folder: where to write.
        models: what the checkpoints of both sides are called, the last columns of the CSV.

    Raises:
        InputError: the folder cannot be written.
    """
    import pandas as pd

    grid = compared.overall.reindex(columns=COLUMNS).assign(length="grid")
    numbers = pd.concat([grid, compared.cells.astype({"length": object})], ignore_index=True)
    sides = zip(("a", "b"), names, models, strict=True)
    numbers = numbers.assign(
        **{
            f"{what}_{side}": text
            for side, *texts in sides
            for what, text in zip(("setting", "model"), texts, strict=True)
        }
    )
    shown = comparison_text(compared)
    for column in ("B-A", "interval"):
        shown[column] = shown[column].str.replace("-", "−")
    shown = shown.rename(columns={"A": names[0], "B": names[1], "B-A": "difference"})
    return write_table(Table(numbers, shown, 1), folder / "table")


def _interval(low: float, high: float) -> str:
    return NOTHING if low != low else f"{low:+.3f} to {high:+.3f}"
