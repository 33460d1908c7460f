import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.building.vocabulary import PEOPLE
from lh_eval.tasks.nonlexical import SIGHTS

FUNCTION_WORDS = {"a", "the", "of", "in", "is", "has", "that", "who", "them", "onto", "among"}
NEEDLE = re.compile(r" ([A-Z][a-z]+) has a balcony that looks onto ([^.]+)\.")


def content_words(text):
    return set(re.findall(r"[a-z]+", text.lower())) - FUNCTION_WORDS


@pytest.mark.parametrize(("sight", "country"), SIGHTS.items())
def test_a_sight_shares_no_stem_with_its_country(sight, country):
    stems = {word[:4] for word in content_words(sight)}
    assert not stems & {word[:4] for word in content_words(country)}


def test_countries_differ():
    assert len(set(SIGHTS.values())) == len(SIGHTS) >= 30


def test_needle_and_question_share_no_content_word(tokenizer):
    for trial in range(20):
        sample = get_task("nonlexical").sample(tokenizer, length=2500, depth=50, trial=trial)
        needle = tokenizer.decode(sample.prompt_ids[sample.needle_start : sample.needle_end])
        question = tokenizer.decode(sample.question_ids)
        assert content_words(needle)
        assert not content_words(needle) & content_words(question)
        name, sight = NEEDLE.fullmatch(needle).groups()
        assert name == sample.answer
        assert question.endswith(f"lives in {SIGHTS[sight]} is")


@pytest.mark.parametrize("distractors", [0, 3, 5])
def test_distractors_are_other_people_in_other_countries(tokenizer, distractors):
    task = get_task(f"nonlexical:distractors={distractors}")
    sample = task.sample(tokenizer, length=2500, depth=50, trial=0)
    found = dict(NEEDLE.findall(tokenizer.decode(sample.context_ids)))
    assert len(found) == len({SIGHTS[sight] for sight in found.values()}) == 1 + distractors
    assert set(found) <= set(PEOPLE)


def test_most_distractors():
    with pytest.raises(InputError, match="distractors must be from 0 to 21, got 22"):
        get_task("nonlexical:distractors=22")
