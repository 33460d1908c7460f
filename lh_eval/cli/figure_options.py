"""What the options of commands that draw mean: a width, and where a figure goes in which formats."""

from pathlib import Path

from lh_eval.errors import InputError
from lh_eval.figures.style import Width

WIDTH = "single (3.25 in, a column), double (6.75 in), or inches"
_SUFFIXES = ("png", "pdf", "svg")


def is_figure(out: Path) -> bool:
    """Whether a path names one figure by its suffix, rather than a folder for figures."""
    return out.suffix.removeprefix(".") in _SUFFIXES


def named_figure(out: Path) -> tuple[Path, list[str]]:
    """A figure's path without suffix, and its formats: the one that its suffix names, or png and pdf."""
    return (out.with_suffix(""), [out.suffix.removeprefix(".")]) if is_figure(out) else (out, ["png", "pdf"])


def parse_width(text: str) -> Width:
    """A width: `single`, `double`, or inches.

    Raises:
        InputError: it is none of these.
    """
    names: dict[str, Width] = {"single": "single", "double": "double"}
    try:
        return names[text] if text in names else float(text)
    except ValueError:
        raise InputError(f"width must be single, double or inches, got {text!r}; single is a column") from None
