"""Tables as text: CSV with every number, a booktabs tabular for papers, and Markdown."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


NOTHING = "–"  # a number that there is not
_DIGITS = 6  # significant ones in CSV: what another machine's arithmetic may change is below


def csv_text(table: "pd.DataFrame") -> str:
    """Every number of a table; the same table gives the same bytes."""
    return table.to_csv(index=False, lineterminator="\n", float_format=f"%.{_DIGITS}g")


def p_value(value: float | None) -> str:
    """A p-value as people read it."""
    if value is None or value != value:
        return NOTHING
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"


def booktabs(shown: "pd.DataFrame", *, left: int) -> str:
    """A LaTeX tabular; the same table gives the same bytes.

    Args:
        shown: text in every cell.
        left: how many of the first columns are aligned to the left; the others are numbers.
    """
    form = "l" * left + "r" * (len(shown.columns) - left)
    latex = shown.to_latex(index=False, escape=True, column_format=form)
    return latex.replace("–", "--").replace("−", "$-$")


def markdown(shown: "pd.DataFrame", *, left: int) -> str:
    """A Markdown table; arguments as in `booktabs`."""
    rule = ["---" if place < left else "---:" for place in range(len(shown.columns))]
    lines = [list(map(str, shown.columns)), rule, *shown.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
