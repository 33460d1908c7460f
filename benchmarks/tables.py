"""Tables as files and as blocks of a page: CSV with numbers, Markdown and LaTeX with text for people."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lh_eval.errors import InputError, unknown_name
from lh_eval.publish import tabular
from lh_eval.publish.tabular import NOTHING


def write_csv(table: pd.DataFrame, stem: Path) -> Path:
    """Write every number of a table."""
    file = stem.with_suffix(".csv")
    file.write_text(tabular.csv_text(table), encoding="utf-8")
    return file


def write_markdown(text: str, stem: Path) -> Path:
    """Write what `markdown` made."""
    file = stem.with_suffix(".md")
    file.write_text(text, encoding="utf-8")
    return file


def write_latex(shown: pd.DataFrame, stem: Path, *, words: int) -> Path:
    """Write a booktabs tabular; `words` columns of words come first, numbers after them."""
    file = stem.with_suffix(".tex")
    file.write_text(tabular.booktabs(shown, left=words), encoding="utf-8")
    return file


def markdown(shown: pd.DataFrame, *, words: int, note: str = "") -> str:
    """A Markdown table of text, `words` columns of words first; under it a note in italics."""
    return tabular.markdown(shown, left=words) + (f"\n*{note}*\n" if note else "")


def rate(value: float | None) -> str:
    """A rate with two digits."""
    return NOTHING if value is None or pd.isna(value) else f"{value:.2f}"


def rate_with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A rate with its interval."""
    if value is None or pd.isna(value):
        return NOTHING
    return rate(value) if low is None or pd.isna(low) else f"{value:.2f} ({low:.2f} to {high:.2f})"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign."""
    if value is None or pd.isna(value):
        return NOTHING
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text.lstrip("+−") if float(text.replace("−", "-")) == 0 else text


def signed_with_interval(value: float, low: float, high: float) -> str:
    """A difference with its interval, where it has one."""
    return signed(value) if pd.isna(low) else f"{signed(value)} ({signed(low)} to {signed(high)})"


def fill(page: Path, kind: str, blocks: Mapping[str, str]) -> bool:
    """Replace what stands between `<!-- kind: NAME -->` and `<!-- /kind -->` on a page by the block NAME.

    Returns:
        Whether the page changed.

    Raises:
        InputError: the page names a block that there is not, or a marker has no end.
    """
    old = page.read_text(encoding="utf-8")
    new = filled(old, kind, blocks)
    if new != old:
        page.write_text(new, encoding="utf-8")
    return new != old


def filled(text: str, kind: str, blocks: Mapping[str, str]) -> str:
    """The text with its blocks replaced; arguments and errors as in `fill`."""
    begin, end = rf"<!-- {kind}: ([\w-]+) -->", f"<!-- /{kind} -->"
    if len(re.findall(begin, text)) != text.count(end):
        raise InputError(f"each {kind} block must end with {end}, got {text.count(end)} ends; add what is missing")

    def block(found: re.Match[str]) -> str:
        if found[1] not in blocks:
            raise unknown_name(f"{kind} block", found[1], blocks)
        return f"<!-- {kind}: {found[1]} -->\n{blocks[found[1]]}{end}"

    return re.sub(rf"{begin}\n.*?{end}", block, text, flags=re.DOTALL)
