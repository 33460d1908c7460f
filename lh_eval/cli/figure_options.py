"""What the options of commands that draw mean: a width, and where a figure goes in which formats."""

from collections.abc import Sequence
from pathlib import Path

from lh_eval.errors import InputError
from lh_eval.figures.style import Width

WIDTH = "single (3.25 in, a column), double (6.75 in), or inches"
_SUFFIXES = ("png", "pdf", "svg")


def is_figure(out: Path) -> bool:
    """Whether a path names one figure by its suffix, rather than a folder for figures."""
    return out.suffix.removeprefix(".") in _SUFFIXES


def named_figure(out: Path, formats: Sequence[str] | None = None) -> tuple[Path, list[str]]:
    """A figure's path without suffix, and its formats: the suffix and those given, or png and pdf."""
    if not is_figure(out):
        return out, list(formats or ("png", "pdf"))
    named = out.suffix.removeprefix(".")
    return out.with_suffix(""), [named, *(kind for kind in formats or () if kind != named)]


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
