"""Colours that the colour-blind can tell apart and a grey printer keeps in order."""

from typing import Literal, get_args

from lh_eval.errors import unknown_name

# Lightness rises all the way, so that a grey copy still ranks the cells: cividis (Nunez, Anderton and Renslow 2018,
# doi:10.1371/journal.pone.0199239) and viridis are about even in it, gray is grey to begin with.
Palette = Literal["cividis", "viridis", "gray"]

# A diverging scale cannot keep its order in grey: what is drawn with it writes a sign into every cell.
DIVERGING = "RdBu"

_DARKEST, _LIGHTEST = 0.0, 0.75  # of a palette, for lines: lighter ones fade into the paper


def check_palette(name: str) -> None:
    """Raise InputError unless the palette is one of `Palette`."""
    if name not in get_args(Palette):
        raise unknown_name("palette", name, get_args(Palette))


def shades(count: int, palette: Palette) -> list[tuple[float, float, float]]:
    """Colours of that many lines, dark to light, as red, green and blue in 0..1."""
    from matplotlib import colormaps

    steps = [_DARKEST + (_LIGHTEST - _DARKEST) * i / max(count - 1, 1) for i in range(count)]
    return [colormaps[palette](step)[:3] for step in steps]


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance in 0..1 of red, green and blue in 0..1 (WCAG 2.2's definition)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
