"""Tables of text as files: a booktabs tabular for papers, and Markdown."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


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
