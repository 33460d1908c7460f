"""Measurements as tables: milliseconds beside dense attention, and beside attention on the gathered length alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.analysis.measured import setting_of, versions_of, with_ratios
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd

_HEADINGS = ("N", "mode", "provider", "k", "ms", "sdpa / ms", "ms / sdpa-on-S", "extra GB")
_TEXT = (1, 2)  # columns that are aligned to the left


def text_table(frame: "pd.DataFrame") -> str:
    """The rows in columns, for a terminal; the dense attention that ran, where it is known, behind the provider."""
    cells = [_HEADINGS, *_cells(frame)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column in _TEXT else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def markdown_table(frame: "pd.DataFrame") -> str:
    """The rows as a Markdown table under a line that says what they were measured on."""
    rule = ["---" if column in _TEXT else "---:" for column in range(len(_HEADINGS))]
    lines = [_line(cells) for cells in (_HEADINGS, rule, *_cells(frame))]
    return "\n".join([f"{setting_of(frame)}; {versions_of(frame)}.", "", *lines])


def _cells(frame: "pd.DataFrame") -> list[list[str]]:
    return [
        [
            length_label(row["N"]),
            row["mode"],
            f"{row['provider']} ({row['kernel']})" if row["kernel"] else row["provider"],
            _number(row["k"], "d"),
            _milliseconds(row["ms"]),
            _number(row["speedup"], ".2f"),
            _number(row["over_floor"], ".2f"),
            _number(row["extra_gb"], ".2f"),
        ]
        for row in with_ratios(frame).to_dict("records")
    ]


def _milliseconds(ms: float) -> str:
    """Four digits, as many as are worth comparing."""
    return f"{ms:.0f}" if ms >= 1000 else f"{ms:#.4g}"


def _number(value: float, form: str) -> str:
    import pandas as pd

    return "-" if pd.isna(value) else format(value, form)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
