"""A figure's text set by LaTeX, in the paper's own letters."""

import re
import shutil
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.figures.style import RAISED, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter

_TOOLS = ("latex", "dvipng")
_MEANT = {"ρ": r"$\rho$", "−": "$-$", "–": "--", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\^{}"}
_MEANT |= {chr(raised): f"$^{{{chr(plain)}}}$" for plain, raised in RAISED.items()}
_SPECIAL = re.compile(f"[#$%&_{{}}{re.escape(''.join(_MEANT))}]")


def check_latex() -> None:
    """Raise InputError unless the programs that matplotlib calls are there."""
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    if missing:
        raise InputError(
            f"latex must be installed for --latex, got no {' and no '.join(missing)}; install TeX Live with dvipng and "
            "cm-super, or leave --latex out"
        )


def escape(text: str) -> str:
    """The text as LaTeX writes it; control characters, at which it stops, are spaces."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)
    return _SPECIAL.sub(lambda found: _MEANT.get(found[0], f"\\{found[0]}"), text)


def typeset(figure: "Figure") -> None:
    """Have LaTeX set every text of a figure that is done; its letters are narrower, so that what fitted still does."""
    from matplotlib.text import Text

    with style():  # how many ticks there are depends on the size of their labels
        figure.draw_without_rendering()  # ticks that matplotlib chooses are made when it draws
        texts = figure.findobj(Text)
    for text in texts:
        text.set_usetex(True)
        text.set_text(escape(text.get_text()))
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):  # labels are made anew when drawn
        axis.major.formatter = _escaped(axis.get_major_formatter())
        axis.minor.formatter = _escaped(axis.get_minor_formatter())


def _escaped(formatter: "Formatter") -> "Formatter":
    """A formatter whose labels are another's, escaped."""
    from matplotlib.ticker import Formatter

    class Escaped(Formatter):
        def set_locs(self, locs: Any) -> None:
            formatter.set_locs(locs)

        def get_offset(self) -> str:
            return escape(formatter.get_offset())

        def __call__(self, x: float, pos: int | None = None) -> str:
            return escape(formatter(x, pos))

    return Escaped()
