"""Measurements as tables: milliseconds beside dense attention, and beside attention on the gathered length alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.bench.plan import SDPA, SDPA_ON_S
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["mode", "N"]
_HEADINGS = ("N", "mode", "provider", "k", "ms", "sdpa / ms", "ms / sdpa-on-S", "extra GB")
_TEXT = (1, 2)  # columns that are aligned to the left


def with_ratios(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Add `speedup`, dense attention's time over the row's, `over_floor`, the row's over sdpa-on-S's, and `extra_gb`.

    Args:
        frame: rows of one card, shape and pyramid, none twice; see `newest`.

    Returns:
        The rows by N, mode and k; a ratio is missing where what it compares with is.
    """
    dense = frame[frame["provider"] == SDPA][[*_KEY, "ms"]].rename(columns={"ms": "dense"})
    floor = frame[frame["provider"] == SDPA_ON_S][[*_KEY, "k", "ms"]].rename(columns={"ms": "floor"})
    joined = frame.merge(dense, how="left", on=_KEY).merge(floor, how="left", on=[*_KEY, "k"])
    joined["speedup"] = joined["dense"] / joined["ms"]
    joined["over_floor"] = joined["ms"] / joined["floor"]
    joined["extra_gb"] = joined["extra_bytes"].astype(float) / 1e9
    order = ["N", "mode", "k", "provider"]
    return joined.sort_values(order, na_position="first", ignore_index=True).drop(columns=["dense", "floor"])


def text_table(frame: "pd.DataFrame") -> str:
    """The rows in columns, for a terminal; a column `kernel`, where there is one, is written behind the provider."""
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
    return "\n".join([f"{setting(frame)}; {versions(frame)}.", "", *lines])


def setting(frame: "pd.DataFrame") -> str:
    """What rows of one card, shape and pyramid measure: `cpu (2 threads), float32, B=1, H=4, D=64, L=3, p=4`."""
    last = frame.iloc[-1]
    parts = [last["gpu"], last["dtype"], f"B={last['batch']}", f"H={last['heads']}"]
    parts += [f"G={last['kv_heads']}"] if last["kv_heads"] != last["heads"] else []
    parts += [f"D={last['head_dim']}"]
    pyramids = frame[frame["levels"].notna()]
    if not pyramids.empty:
        parts += [f"L={pyramids['levels'].iloc[-1]}", f"p={pyramids['pooling'].iloc[-1]}"]
    return ", ".join(parts)


def versions(frame: "pd.DataFrame") -> str:
    """What the rows ran: `torch 2.13.0, triton 3.7.1, commit 1a2b3c4`."""
    columns = ("torch", "triton", "commit")
    return ", ".join(f"{name} {value}" for name in columns for value in frame[name].unique() if value)


def _cells(frame: "pd.DataFrame") -> list[list[str]]:
    return [
        [
            length_label(row["N"]),
            row["mode"],
            f"{row['provider']} ({row['kernel']})" if row.get("kernel") else row["provider"],
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
