"""Tables as text and as files: CSV with every number, a booktabs tabular for papers, and Markdown."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lh_eval.publish.writing import writing

if TYPE_CHECKING:
    import pandas as pd

TableFormat = Literal["csv", "md", "tex"]

NOTHING = "–"  # a number that there is not
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet takes for the start of a formula
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
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
    """Every number of a table; a text that a spreadsheet would take for a formula gets an apostrophe ahead."""
    form = None if digits is None else f"%.{digits}g"
    safe = table.map(_inert).rename(columns=_inert)
    return safe.to_csv(index=False, lineterminator="\n", float_format=form)


def frame_json(table: "pd.DataFrame") -> str:
    """A table as a JSON list of an object a row, every digit."""
    return table.rename(columns=str).to_json(orient="records", indent=2, force_ascii=False, double_precision=15)


def booktabs(shown: "pd.DataFrame", *, left: int) -> str:
    """A LaTeX tabular of text, its first `left` columns aligned to the left."""
    form = "l" * left + "r" * (len(shown.columns) - left)
    latex = shown.map(one_line).rename(columns=one_line).to_latex(index=False, escape=True, column_format=form)
    latex = re.sub(r"^(?=[\[*])", "{}", latex, flags=re.MULTILINE)  # else it is an option of the row break before
    return latex.replace("–", "--").replace("−", "$-$")


def markdown(shown: "pd.DataFrame", *, left: int) -> str:
    """A Markdown table; arguments as in `booktabs`."""
    rule = ["---" if place < left else "---:" for place in range(len(shown.columns))]
    lines = [list(map(str, shown.columns)), rule, *shown.astype(str).to_numpy().tolist()]
    cells = [[one_line(cell).replace("|", r"\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _inert(cell: Any) -> Any:
    """A CSV cell that no spreadsheet computes; numbers, also those that are text, stay as they are.

    Line breaks go: a lone carriage return is not quoted, and what follows it would be a row of its own.
    """
    if not isinstance(cell, str):
        return cell
    text = re.sub(f"{_CONTROL}+", " ", cell)
    if not text.lstrip().startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def one_line(cell: Any) -> Any:
    """A text without line breaks and control characters, which end rows, stop LaTeX and command a terminal."""
    return re.sub(rf"(?:\s|{_CONTROL})+", " ", cell) if isinstance(cell, str) else cell


def p_value(value: float | None) -> str:
    """A p-value as people read it."""
    if value is None or value != value:
        return NOTHING
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"
