import gc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.tasks.building import units as module
from lh_eval.tasks.building.units import Units, units_of

TEXTS = ["One.", " Two is longer.", " Three\n\n", "4 four,", " five."]
same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@same_tokenizer
@given(n=st.integers(0, 300), seed=st.integers(0, 99))
def test_an_excerpt_of_the_circle_from_a_unit_on(tokenizer, n, seed):
    units = Units(tokenizer, TEXTS)
    filler = units.draw(n, np.random.default_rng(seed))
    assert filler.ids.shape == (n,)
    circle = (units.ids.tolist() * (2 + n // len(units.ids)))[: n + len(units.ids)]
    places = [start for start in units.bounds[:-1] if circle[start : start + n] == filler.ids.tolist()]
    assert places
    ends = [*units.bounds[:-1]] + [lap * len(units.ids) + b for lap in range(1, 60) for b in units.bounds[:-1]]
    assert any(
        [*(end - start for end in ends if 0 <= end - start < n), n] == filler.boundaries.tolist() for start in places
    )


@same_tokenizer
@given(
    run=st.lists(st.integers(0, len(TEXTS) - 1), min_size=2, max_size=2).map(sorted).filter(lambda run: run != [0, 4]),
    before=st.integers(0, 100),
    after=st.integers(0, 100),
)
def test_what_is_around_a_run_of_units(tokenizers, run, before, after):
    tokenizer = tokenizers["byte"]
    first, last = run
    units = Units(tokenizer, TEXTS)
    left, middle, right = units.around(first, last, before, after)
    rest = "".join(TEXTS[last + 1 :] + TEXTS[:first]) * 110
    assert tokenizer.decode(middle) == "".join(TEXTS[first : last + 1])
    assert units.size(first, last) == len(middle)
    assert tokenizer.decode(left) == rest[len(rest) - before :]
    assert tokenizer.decode(right) == rest[:after]


def test_nothing_around_the_whole_text(tokenizers):
    units = Units(tokenizers["byte"], TEXTS)
    with pytest.raises(InputError, match="text must be longer than what is asked about"):
        units.around(0, 4, 1, 0)
    assert len(units.around(0, 4, 0, 0)[1]) == len(units.ids)


def test_units_are_made_once_and_go_with_their_tokenizer():
    tokenizer, calls = byte_tokenizer(), []

    def texts():
        calls.append(1)
        return TEXTS

    assert units_of(tokenizer, "key", texts) is units_of(tokenizer, "key", texts)
    assert units_of(tokenizer, "other", texts) is not units_of(tokenizer, "key", texts)
    assert len(calls) == 2
    before = len(module._made)
    del tokenizer
    gc.collect()
    assert len(module._made) == before - 1
