"""What all figures share: column widths, fonts, labels, and saving to the same bytes every time."""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lh_eval.errors import InputError, unknown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RunKind = Literal["heatmap", "difference", "length", "recall", "latency"]  # what is drawn of a run or a sweep
SeedKind = Literal["seeds", "spread"]  # what is drawn of several trainings together
FigureKind = Literal["heatmap", "difference", "length", "recall", "latency", "seeds", "spread"]
Width = Literal["single", "double"] | float  # a paper's column, its page, or inches

WIDTHS = {"single": 3.25, "double": 6.75}  # inches
PAGE_HEIGHT = 8.0  # inches, that a paper's page has for a figure over its caption
_LEAST_WIDTH, _MOST_WIDTH = 2.0, 40.0
SIZE = 7.0  # points, of everything but headings: the least that journals print
DPI = 300
MISSING = "#d9d9d9"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # as an exponent

_RC = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along: the same figure on every machine
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "hatch.linewidth": 0.4,
    "text.parse_math": False,  # a name may have dollars in it
    "pdf.fonttype": 42,  # TrueType; journals refuse matplotlib's default, Type 3
    "svg.hashsalt": "lh_eval",  # ids are random without it
    "figure.dpi": DPI,
}

# What a file says of its making would change its bytes.
_NO_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}


@contextmanager
def style() -> Iterator[None]:
    """Draw within this: matplotlib's own defaults and ours over them, whatever the user's matplotlibrc says."""
    import matplotlib.style

    with matplotlib.style.context(["default", _RC]):
        yield


def inches(width: Width) -> float:
    """The width in inches.

    Raises:
        InputError: it is neither a column's name nor a number that a figure can be wide.
    """
    value = WIDTHS.get(width, math.nan) if isinstance(width, str) else float(width)
    if not _LEAST_WIDTH <= value <= _MOST_WIDTH:
        raise InputError(
            f"width must be single ({WIDTHS['single']} in), double ({WIDTHS['double']} in) or inches from "
            f"{_LEAST_WIDTH:g} to {_MOST_WIDTH:g}, got {width}; use single for a paper's column"
        )
    return value


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure of that size in inches; pyplot does not know it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def text_width(text: str, size: float) -> float:
    """Inches that a line of text takes, of letters of `size` points in the figures' font."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=str(_RC["font.family"]), size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0]) / 72


def save(
    figure: "Figure", stem: str | Path, formats: Sequence[str] = ("png", "pdf"), *, caption: str | None = None
) -> list[Path]:
    """Write `<stem>.png` at 300 dpi, `<stem>.pdf` with embedded fonts; no figure is ever seen half written.

    The same figure gives the same bytes: none holds a time or a version. Only in a PDF that LaTeX set, matplotlib
    names the fonts at random.

    Args:
        figure: what to save.
        stem: path without suffix; a dot in it stays.
        formats: some of png, pdf and svg.
        caption: text that stands in `<stem>.txt`; no such file if None.

    Returns:
        The figure's files in the order of the formats, then the caption's.

    Raises:
        InputError: a format is none of these, or LaTeX, where the figure asks for it, failed.
    """
    files = []
    for kind in formats:
        if kind not in _NO_METADATA:
            raise unknown_name("format", kind, _NO_METADATA)
        file = Path(f"{stem}.{kind}")
        buffer = io.BytesIO()
        with style():
            try:
                figure.savefig(buffer, format=kind, dpi=DPI, metadata=_NO_METADATA[kind])
            except RuntimeError as error:
                # What matplotlib says when latex or one of its packages is missing or fails; its log is many lines.
                lines = [line for line in str(error).splitlines() if line.startswith("! ")]
                reason = (lines or str(error).splitlines() or ["no reason given"])[0]
                raise InputError(f"latex must typeset the figure's text, got {reason}; leave --latex out") from None
        part = Path(f"{file}.part")
        part.write_bytes(buffer.getvalue())
        part.replace(file)
        files.append(file)
    if caption is not None:
        files.append(Path(f"{stem}.txt"))
        files[-1].write_text(caption + "\n", encoding="utf-8")
    return files
