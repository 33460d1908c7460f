from itertools import pairwise
from typing import get_args

import pytest
from matplotlib import colormaps

from lh_eval import InputError
from lh_eval.figures.palettes import Palette, check_palette, luminance, shades


def lightness(colour):
    """CIE L* in 0..100, even to the eye."""
    y = luminance(colour)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.mark.parametrize("name", get_args(Palette))
def test_lightness_rises_evenly(name):
    levels = [lightness(colormaps[name](step)[:3]) for step in range(256)]
    steps = [b - a for a, b in pairwise(levels)]
    assert min(steps) > -0.1  # of 100: rounding to 256 colours
    coarse = [levels[i + 15] - levels[i] for i in range(0, 240, 15)]
    assert min(coarse) > 0.5 * max(coarse)
    assert levels[-1] - levels[0] > 70


@pytest.mark.parametrize("name", get_args(Palette))
@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_shades_of_budgets_keep_their_order_and_are_seen_on_white(name, count):
    levels = [lightness(colour) for colour in shades(count, name)]
    assert all(b - a > 8 for a, b in pairwise(levels))
    assert levels[-1] < 80


def test_luminance_is_that_of_wcag():
    assert luminance((1, 1, 1)) == pytest.approx(1)
    assert luminance((0, 0, 0)) == 0
    assert luminance((1, 0, 0)) == pytest.approx(0.2126)
    assert luminance((0.5, 0.5, 0.5)) == pytest.approx(0.2140, abs=1e-4)


def test_another_palette_is_refused():
    with pytest.raises(InputError, match="did you mean 'viridis'"):
        check_palette("viridi")
