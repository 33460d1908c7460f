"""Where needle, answer and question lie in a prompt."""

import dataclasses
import itertools

import pytest
from asking import Trees

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.spans import spans_of
from lh_eval.tasks.base import get_task

TOKENIZER = byte_tokenizer()


def texts(sample, spans):
    return [TOKENIZER.decode(sample.prompt_ids[start:stop]) for start, stop in spans]


@pytest.mark.parametrize("task", ["passkey", "keyed"])
def test_the_answer_is_found_in_the_needle(task):
    sample = get_task(task).sample(TOKENIZER, length=1024, depth=50, trial=3)
    spans = spans_of(TOKENIZER, sample)
    assert spans.needle == sample.spans
    (answer,) = texts(sample, spans.answer)
    assert answer.strip() == sample.answer
    assert spans.needle[0][0] <= spans.answer[0][0] < spans.answer[0][1] <= spans.needle[0][1]
    (question,) = texts(sample, spans.question)
    assert question == TOKENIZER.decode(sample.question_ids)
    assert spans.last == ((1023, 1024),)
    assert spans.of_context() == spans._replace(question=(), last=())


def test_each_needle_has_its_answer():
    sample = Trees().sample(TOKENIZER, length=200, depth=50, trial=0)
    assert [text.strip() for text in texts(sample, spans_of(TOKENIZER, sample).answer)] == list(sample.answers)


def test_where_the_answer_is_not_in_the_needle_the_needle_stands_for_it():
    sample = Trees().sample(TOKENIZER, length=200, depth=50, trial=0)
    other = dataclasses.replace(sample, answer="no tree", answers=("no tree",))
    assert spans_of(TOKENIZER, other).answer == sample.spans


def test_a_sham_is_as_long_as_each_and_apart_from_all():
    task = get_task("keyed")
    keys = [{"length": length, "trial": trial} for length in (1024, 4096) for trial in (0, 1)]
    samples = [task.sample(TOKENIZER, depth=50, **key) for key in keys]
    for sample in samples:
        spans = spans_of(TOKENIZER, sample)
        assert spans == spans_of(TOKENIZER, sample)
        others = [*spans.needle, *spans.question]
        assert [stop - start for start, stop in spans.sham] == [stop - start for start, stop in others]
        ordered = sorted([*others, *spans.sham])
        assert all(second[0] - first[1] >= 64 for first, second in itertools.pairwise(ordered) if first != second)
    assert len({spans_of(TOKENIZER, sample).sham for sample in samples}) == 4


def test_without_room_there_is_no_sham():
    sample = Trees().sample(TOKENIZER, length=90, depth=50, trial=0)
    assert spans_of(TOKENIZER, sample).sham == ()


def test_an_empty_needle_is_none():
    sample = Trees().sample(TOKENIZER, length=200, depth=50, trial=0)
    assert spans_of(TOKENIZER, dataclasses.replace(sample, spans=((5, 5),))).needle == ()
