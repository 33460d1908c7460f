"""RULER's eight: how many keys and values lie in which haystack, and what is asked for."""

import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

NUMBERS = re.compile(r" The secret number of ([a-z]+-[a-z]+) is (\d{7})\.")
_UUID = r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"
CODES = re.compile(rf" The secret code of ([a-z-]+|{_UUID}) is ({_UUID})\.")


def make(spec, tokenizer, **changes):
    sample = get_task(spec).sample(tokenizer, **{"length": 2500, "depth": 50, "trial": 0, **changes})
    return sample, tokenizer.decode(sample.context_ids), tokenizer.decode(sample.question_ids)


@pytest.mark.parametrize(
    ("spec", "pattern", "records", "keys", "scoring"),
    [
        ("niah_single_1", NUMBERS, 1, 1, "number"),
        ("niah_single_2", NUMBERS, 1, 1, "number"),
        ("niah_single_3", CODES, 1, 1, "all"),
        ("niah_multikey_1", NUMBERS, 4, 4, "number"),
        ("niah_multikey_1:keys=6", NUMBERS, 6, 6, "number"),
        ("niah_multivalue", NUMBERS, 4, 1, "all"),
        ("niah_multivalue:values=2", NUMBERS, 2, 1, "all"),
        ("niah_multiquery", NUMBERS, 4, 4, "all"),
        ("niah_multiquery:queries=1", NUMBERS, 1, 1, "number"),
    ],
)
def test_records(tokenizer, spec, pattern, records, keys, scoring):
    sample, context, question = make(spec, tokenizer)
    found = pattern.findall(context)
    assert len(found) == len({value for _, value in found}) == records
    assert len({key for key, _ in found}) == keys
    assert sample.scoring == scoring
    asked = {key for key, _ in found if key in question}
    assert sorted(sample.answers) == sorted(value for key, value in found if key in asked)
    assert len(sample.spans) == len(sample.answers)
    for (start, end), answer in zip(sample.spans, sample.answers, strict=True):
        assert pattern.fullmatch(tokenizer.decode(sample.prompt_ids[start:end]))[2] == answer


@pytest.mark.parametrize(
    ("spec", "pattern"), [("niah_multikey_2", NUMBERS), ("niah_multikey_3", CODES)], ids=["words", "uuids"]
)
def test_haystack_of_needles(tokenizer, spec, pattern):
    sample, context, question = make(spec, tokenizer)
    found = pattern.findall(context)
    assert len(found) == context.count(" The secret ") > 5
    assert len(dict(found)) == len({value for _, value in found}) == len(found)
    (answer,) = (value for key, value in found if key in question)
    assert answer == sample.answer


def test_the_question_names_the_key_and_ends_where_the_value_follows(tokenizers):
    sample, context, question = make("niah_single_2", tokenizers["byte"])
    key = NUMBERS.search(context)[1]
    assert question.count(key) == 2
    assert question.endswith(f" the secret number of {key} is")
    _, _, several = make("niah_multiquery", tokenizers["byte"])
    assert re.search(r"the secret numbers of (\S+), \S+, \S+ and \S+ are$", several)
    _, _, values = make("niah_multivalue", tokenizers["byte"])
    assert re.search(r"the secret numbers of [a-z-]+ are$", values)
    assert sample.max_new_tokens == 8 + 2 * 4


def test_haystacks(tokenizers):
    assert "The river runs to the sea." in make("niah_single_1", tokenizers["byte"])[1]
    assert "The river runs to the sea." not in make("niah_single_2", tokenizers["byte"])[1]
    for spec in ("niah_single_2", "niah_multivalue", "niah_multiquery", "niah_multikey_1", "niah_single_3"):
        assert make(f"{spec}:haystack=noise", tokenizers["byte"])[1].count("Rain falls on the roof.") > 5
    words = make("niah_single_2:haystack=words", tokenizers["byte"])[1]
    assert len(re.findall(r" [a-z0-9]{7}\b", words)) > 200


def test_needles_in_prose_lie_between_sentences(prose_bpe):
    for trial in range(10):
        sample, _, _ = make("niah_single_2", prose_bpe, trial=trial, length=4096)
        before = prose_bpe.decode(sample.context_ids[: sample.needle_start])
        after = prose_bpe.decode(sample.context_ids[sample.needle_end :])
        assert re.search(r"[.!?][\"”’)]?\s*$", before)
        assert after[0].isspace()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("niah_multikey_1:keys=0", "keys must be from 1 to 1000, got 0"),
        ("niah_multivalue:values=0", "values must be from 1 to 1000, got 0"),
        ("niah_multiquery:queries=-1", "queries must be from 1 to 1000, got -1"),
    ],
)
def test_wrong_options(spec, message):
    with pytest.raises(InputError, match=message):
        get_task(spec)
