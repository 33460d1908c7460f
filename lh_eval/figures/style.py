"""What all figures share: column widths, fonts, labels, and saving to the same bytes every time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Width = Literal["single", "double"]

WIDTHS: dict[Width, float] = {"single": 3.3, "double": 6.8}  # inches, a paper's column and its page
DPI = 300
MISSING = "#d9d9d9"

_RC = {
    "font.family": "DejaVu Sans",  # matplotlib brings it along: the same figure on every machine
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "axes.linewidth": 0.5,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,  # TrueType; journals refuse matplotlib's default, Type 3
    "figure.dpi": DPI,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw within this: matplotlib's own defaults and ours over them, whatever the user's matplotlibrc says."""
    import matplotlib.style

    with matplotlib.style.context(["default", _RC]):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure of that size in inches; pyplot does not know it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def length_label(length: int) -> str:
    """Write a length as in a paper: 4096 is 4K, 1048576 is 1M, 4000 stays 4000."""
    for unit, size in (("M", 1024**2), ("K", 1024)):
        if length >= size and length % size == 0:
            return f"{length // size}{unit}"
    return str(length)


def text_width(text: str, size: float) -> float:
    """Inches that a line of text takes, of letters of `size` points in the figures' font."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=str(_RC["font.family"]), size=size)
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0]) / 72


def save(figure: "Figure", stem: str | Path) -> list[Path]:
    """Write `<stem>.png` at 300 dpi and `<stem>.pdf` with embedded fonts; no file is ever seen half written.

    The same figure gives the same bytes: neither holds a time or a version.

    Args:
        figure: what to save.
        stem: path without suffix; a dot in it stays.

    Returns:
        The two files.
    """
    nothing: dict[str, dict[str, None]] = {
        "png": {"Software": None},
        "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    }
    files = []
    for kind, metadata in nothing.items():
        file = Path(f"{stem}.{kind}")
        buffer = io.BytesIO()
        with style():
            figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
        part = Path(f"{file}.part")
        part.write_bytes(buffer.getvalue())
        part.replace(file)
        files.append(file)
    return files
