"""A figure's text set by LaTeX, in the paper's own letters."""

import re
import shutil
from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TOOLS = ("latex", "dvipng")
_POWER = re.compile(r"\$\\mathdefault\{(\d+\\times)?10\^\{[-−]?\d+\}\}\$")  # of ten, as matplotlib writes it on an axis
_MEANT = {"ρ": r"$\rho$", "−": "$-$", "–": "--", "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\^{}"}


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
    return re.sub(r"[#$%&_{}~^\\ρ−–]", lambda found: _MEANT.get(found[0], f"\\{found[0]}"), text)


def typeset(figure: "Figure") -> None:
    """Have LaTeX set every text of a figure that is done; its letters are narrower, so that what fitted still does."""
    from matplotlib.text import Text

    with style():  # how many ticks there are depends on the size of their labels
        figure.draw_without_rendering()  # ticks that matplotlib chooses are made when it draws
        texts = figure.findobj(Text)
    for text in texts:
        text.set_usetex(True)
        if not _POWER.fullmatch(text.get_text()):
            text.set_text(escape(text.get_text()))
