import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.figures.crossover import Crossover, crossover

LENGTHS = (1024, 4096, 16384, 65536)


def powers(factor, exponent, lengths=LENGTHS):
    return {length: factor * length**exponent for length in lengths}


@given(st.floats(LENGTHS[0] * 1.001, LENGTHS[-1] * 0.999), st.floats(0, 1.5))
def test_power_laws_cross_where_they_are_equal(expected, exponent):
    factor = expected ** (2 - exponent)  # factor·N^exponent = N^2
    found = crossover(powers(factor, exponent), powers(1, 2))
    assert found.exact
    assert found.length == pytest.approx(expected, rel=1e-6)


def test_faster_everywhere_is_not_exact():
    assert crossover(powers(1, 1), powers(1, 2)) == Crossover(1024, False)


@pytest.mark.parametrize("ours", [powers(2, 2), powers(1, 2), {}, {7: 1.0}])
def test_never_faster(ours):
    assert crossover(ours, powers(1, 2)) is None


def test_the_last_crossing_counts():
    ours, dense = {1: 1.0, 2: 9.0, 4: 1.0}, {1: 3.0, 2: 3.0, 4: 3.0}
    assert crossover(ours, dense) == Crossover(pytest.approx(2 * 2**0.5), True)
    assert crossover({**ours, 8: 5.0}, {**dense, 8: 3.0}) is None


def test_only_lengths_that_both_have():
    assert crossover(powers(1, 1, (4096, 16384)), powers(1, 2, (1024, 4096))) == Crossover(4096, False)
