"""`Table`: numbers as CSV, text of them as Markdown and LaTeX, and as a block of a page."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lh_eval.errors import InputError, unknown_name
from lh_eval.publish.tabular import NOTHING, booktabs, csv_text, markdown
from lh_eval.publish.writing import write_text


class Shown(NamedTuple):
    """A table as people read it: text in every cell, and the note under it."""

    text: pd.DataFrame
    note: str = ""


class Table(NamedTuple):
    """A table as it is written.

    values: every number, for CSV.
    shown: by the end of its LaTeX file's name; Markdown has them all below each other.
    words: how many columns of words come first.
    """

    values: pd.DataFrame
    shown: dict[str, Shown]
    words: int

    @property
    def markdown(self) -> str:
        """All that is shown."""
        return "\n".join(block(shown, words=self.words) for shown in self.shown.values())

    def write(self, folder: Path, name: str) -> list[Path]:
        """Write CSV, Markdown and LaTeX; the same table gives the same bytes."""
        texts = {f"{name}.csv": csv_text(self.values), f"{name}.md": self.markdown}
        texts |= {f"{name}{end}.tex": booktabs(shown.text, left=self.words) for end, shown in self.shown.items()}
        return [write_text(folder / file, text) for file, text in texts.items()]


def block(shown: Shown, *, words: int) -> str:
    """A Markdown table, `words` columns of words first; under it the note in italics."""
    return markdown(shown.text, left=words) + (f"\n*{shown.note}*\n" if shown.note else "")


def rate(value: float) -> str:
    """A rate with two digits."""
    return NOTHING if pd.isna(value) else f"{value:.2f}"


def signed(value: float) -> str:
    """A difference with its sign."""
    if pd.isna(value):
        return NOTHING
    text = f"{value:+.3f}".replace("-", "−")
    return text.lstrip("+−") if float(text.replace("−", "-")) == 0 else text


def nats(value: float) -> str:
    """A log-probability with two digits."""
    return NOTHING if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def with_interval(write: Callable[[float], str], value: float, low: float, high: float) -> str:
    """A number with its interval, where it has one."""
    return write(value) if pd.isna(low) else f"{write(value)} ({write(low)} to {write(high)})"


def fill(page: Path, kind: str, blocks: Mapping[str, str]) -> None:
    """Replace what stands between `<!-- kind: NAME -->` and `<!-- /kind -->` on a page by the block NAME.

    Raises:
        InputError: the page cannot be read or written, names a block that there is not, or a marker has no end.
    """
    try:
        old = page.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"page must be a readable file, got {page} ({error.strerror})") from None
    write_text(page, filled(old, kind, blocks), option="page")


def filled(text: str, kind: str, blocks: Mapping[str, str]) -> str:
    """The text with its blocks replaced; arguments and errors as in `fill`."""
    begin, end = rf"<!-- {kind}: ([\w-]+) -->", f"<!-- /{kind} -->"
    if len(re.findall(begin, text)) != text.count(end):
        raise InputError(f"each {kind} block must end with {end}, got {text.count(end)} ends; add what is missing")

    def replace(found: re.Match[str]) -> str:
        if found[1] not in blocks:
            raise unknown_name(f"{kind} block", found[1], blocks)
        return f"<!-- {kind}: {found[1]} -->\n{blocks[found[1]]}{end}"

    return re.sub(rf"{begin}\n.*?{end}", replace, text, flags=re.DOTALL)
