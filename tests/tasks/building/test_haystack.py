import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.tasks.building.haystack import RecordTemplate, draw_haystack, noise
from lh_eval.tasks.building.vocabulary import vocabulary

same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
TEMPLATE = RecordTemplate(" The seal of", " is", ".", "word", "number")
TWINS = RecordTemplate("\nKey", " has value", ".", "uuid", "uuid")


def rng(seed=0):
    return np.random.default_rng(seed)


@same_tokenizer
@given(kind=st.sampled_from(["noise", "words", "prose"]), n=st.integers(0, 5000), seed=st.integers(0, 9))
def test_exact_size_and_boundaries(tokenizer, kind, n, seed):
    filler = draw_haystack(kind, tokenizer, n, rng(seed))
    assert filler.ids.shape == (n,)
    assert filler.boundaries[-1] == n
    assert (np.diff(filler.boundaries) > 0).all()
    assert n == 0 or filler.boundaries[0] == 0
    assert draw_haystack(kind, tokenizer, n, rng(seed)).ids.tolist() == filler.ids.tolist()


def test_noise_is_five_sentences_over_and_over(tokenizer):
    filler = noise(tokenizer, 2000)
    whole = filler.ids[: filler.boundaries[-2]].tolist()
    sentences = [
        tokenizer.decode(filler.ids[start:end])
        for start, end in zip(filler.boundaries[:-2], filler.boundaries[1:-1], strict=True)
    ]
    assert len(set(sentences)) == 5
    assert all(re.fullmatch(r" [A-Z][a-z ]+\.", sentence) for sentence in sentences)
    assert sentences == (sentences[:5] * len(sentences))[: len(sentences)]
    assert tokenizer.encode(tokenizer.decode(whole), add_special_tokens=False) == whole


def test_prose_is_cut_at_sentences_only(tokenizers):
    filler = draw_haystack("prose", tokenizers["byte"], 5000, rng())
    for place in filler.boundaries[1:-1]:
        assert re.search(r"[.!?][\"”’)]?$", tokenizers["byte"].decode(filler.ids[:place]).rstrip())


def test_unknown_haystack(tokenizers):
    with pytest.raises(InputError, match="got 'no_such_text'"):
        draw_haystack("no_such_text", tokenizers["byte"], 100, rng())


@same_tokenizer
@given(n=st.integers(0, 4000), seed=st.integers(0, 9), template=st.sampled_from([TEMPLATE, TWINS]))
def test_whole_records_in_exact_size(tokenizer, n, seed, template):
    records = template.draw(tokenizer, n, rng(seed))
    assert len(records.filler.ids) == n
    keys, values = vocabulary(template.key_kind), vocabulary(template.value_kind)
    found = zip(records.keys, records.values, records.starts, records.ends, strict=True)
    for key, value, start, end in found:
        assert tokenizer.decode(records.filler.ids[start:end]) == template.text(keys[key], values[value])
    assert records.starts[1:].tolist() == records.ends[:-1].tolist()
    assert len(records.ends) == 0 or records.ends[-1] == n
    assert set(records.starts.tolist()) <= set(records.filler.boundaries.tolist())
    used = [*(keys[key] for key in records.keys), *(values[value] for value in records.values)]
    assert len(set(used)) == len(used)


def test_as_many_records_as_fit(tokenizer):
    records = TEMPLATE.draw(tokenizer, 4000, rng())
    size = np.diff(records.starts).max()
    assert records.starts[0] < size + 12  # noise before the first is shorter than the record that would not fit


def test_taken_texts_do_not_occur(tokenizers):
    words, numbers = vocabulary("word"), vocabulary("number")
    free = 20
    records = TEMPLATE.draw(tokenizers["byte"], 600, rng(), taken=(words[free:], numbers[free:]))
    assert len(records.keys) > 10
    assert max(records.keys) < free
    assert max(records.values) < free


def test_keys_come_again_only_when_all_came(tokenizers):
    words = vocabulary("word")
    records = TEMPLATE.draw(tokenizers["byte"], 2000, rng(), taken=(words[10:], []))
    assert len(records.keys) > 20
    assert sorted(records.keys[:10].tolist()) == list(range(10))
