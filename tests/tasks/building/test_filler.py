import re
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.tasks.building.filler import draw_filler

same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@same_tokenizer
@given(n=st.integers(0, 3000), seed=st.integers(0, 2**32))
def test_exact_size_of_whole_words(tokenizer, n, seed):
    filler = draw_filler(tokenizer, n, np.random.default_rng(seed))
    assert filler.ids.shape == (n,)
    assert filler.ids.dtype == np.int64
    assert filler.boundaries[-1] == n
    assert (np.diff(filler.boundaries) > 0).all()
    for start, end in zip(filler.boundaries[:-2], filler.boundaries[1:-1], strict=True):
        assert re.fullmatch(" [a-z0-9]{7}", tokenizer.decode(filler.ids[start:end]))


def test_a_word_is_eight_bytes(tokenizers):
    filler = draw_filler(tokenizers["byte"], 85, np.random.default_rng(0))
    assert filler.boundaries.tolist() == [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 85]


def test_ids_are_what_the_tokenizer_makes_of_the_text(tokenizer):
    filler = draw_filler(tokenizer, 1000, np.random.default_rng(3))
    whole = filler.ids[: filler.boundaries[-2]].tolist()  # without the cut word
    assert tokenizer.encode(tokenizer.decode(whole), add_special_tokens=False) == whole


def test_words_differ(tokenizers):
    filler = draw_filler(tokenizers["byte"], 8 * 1000, np.random.default_rng(0))
    words = tokenizers["byte"].decode(filler.ids).split()
    assert len(words) == 1000
    assert len(set(words)) > 950


@pytest.mark.parametrize("name", ["byte", "bpe"])
def test_long_filler_is_fast(tokenizers, name):
    draw_filler(tokenizers[name], 1, np.random.default_rng(0))
    start = time.perf_counter()
    for seed in range(20):
        draw_filler(tokenizers[name], 131_072, np.random.default_rng(seed))
    assert time.perf_counter() - start < 2  # about 0.03 on an idle core; a loop over words takes some seconds
