"""Tables as text and as files: CSV with every number, a booktabs tabular for papers, and Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from lh_eval.publish.writing import writing

if TYPE_CHECKING:
    import pandas as pd

TableFormat = Literal["csv", "md", "tex"]

NOTHING = "–"  # a number that there is not
_DIGITS = 6  # significant ones in CSV: what another machine's arithmetic may change is below


class Table(NamedTuple):
    """A table to be written.

    numbers: what the CSV holds.
    shown: the same as text for people, in every cell.
    left: how many of the first columns of `shown` are aligned to the left; the others are numbers.
    """

    numbers: "pd.DataFrame"
    shown: "pd.DataFrame"
    left: int


def write_table(
    table: Table, stem: str | Path, formats: Sequence[TableFormat] = ("csv", "tex"), *, digits: int | None = _DIGITS
) -> list[Path]:
    """Write `<stem>.csv`, `.md` and `.tex`, as many as are asked for; the same table gives the same bytes.

    Args:
        table: what is written.
        stem: path without suffix; its folder is made.
        formats: of the files, in order.
        digits: significant ones in the CSV; all if None.

    Raises:
        InputError: the folder cannot be written.
    """
    texts = {
        "csv": lambda: csv_text(table.numbers, digits=digits),
        "md": lambda: markdown(table.shown, left=table.left),
        "tex": lambda: booktabs(table.shown, left=table.left),
    }
    files = [Path(f"{stem}.{name}") for name in formats]
    with writing(Path(stem).parent, what="folder"):
        for file, name in zip(files, formats, strict=True):
            file.write_text(texts[name](), encoding="utf-8")
    return files


def csv_text(table: "pd.DataFrame", *, digits: int | None = _DIGITS) -> str:
    """Every number of a table."""
    form = None if digits is None else f"%.{digits}g"
    return table.to_csv(index=False, lineterminator="\n", float_format=form)


def booktabs(shown: "pd.DataFrame", *, left: int) -> str:
    """A LaTeX tabular of text, its first `left` columns aligned to the left."""
    form = "l" * left + "r" * (len(shown.columns) - left)
    latex = shown.to_latex(index=False, escape=True, column_format=form)
    return latex.replace("–", "--").replace("−", "$-$")


def markdown(shown: "pd.DataFrame", *, left: int) -> str:
    """A Markdown table; arguments as in `booktabs`."""
    rule = ["---" if place < left else "---:" for place in range(len(shown.columns))]
    lines = [list(map(str, shown.columns)), rule, *shown.astype(str).to_numpy().tolist()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def p_value(value: float | None) -> str:
    """A p-value as people read it."""
    if value is None or value != value:
        return NOTHING
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"
