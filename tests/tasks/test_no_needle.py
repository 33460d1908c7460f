import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

TASKS = ["niah_single_1", "niah_single_2", "niah_single_3", "niah_multivalue", "niah_multiquery", "vt", "two_hop"]


def pair(of, tokenizer, **changes):
    arguments = {"length": 2500, "depth": 40, "trial": 1, "seed": 3, **changes}
    return [get_task(spec).sample(tokenizer, **arguments) for spec in (of, f"no_needle:of={of}")]


@pytest.mark.parametrize("of", [*TASKS, "niah_multikey_1", "confusable", "nonlexical"])
def test_the_same_prompt_without_the_answer(tokenizer, of):
    sample, control = pair(of, tokenizer)
    assert len(control.prompt_ids) == len(sample.prompt_ids)
    assert control.question_ids == sample.question_ids
    assert (control.answers, control.scoring) == (sample.answers, sample.scoring)
    context = tokenizer.decode(control.context_ids)
    assert not any(answer in context for answer in sample.answers)
    assert control.needle_start == control.needle_end == sample.needle_start
    assert control.spans == ((sample.needle_start, sample.needle_start),)

    inside = {place for start, end in sample.spans for place in range(start, end)}
    outside = [place for place in range(len(sample.context_ids)) if place not in inside]
    assert [control.context_ids[place] for place in outside] == [sample.context_ids[place] for place in outside]


def test_distractors_stay(tokenizers):
    _, control = pair("niah_multikey_1", tokenizers["byte"])
    context = tokenizers["byte"].decode(control.context_ids)
    assert len(re.findall(r" The secret number of \S+ is \d{7}\.", context)) == 3


def test_haystack_is_the_tasks_own(tokenizers):
    byte = tokenizers["byte"]
    sample, control = pair("passkey", byte)
    filled = byte.decode(control.context_ids[sample.needle_start : sample.needle_end])
    assert re.fullmatch(r" [a-z0-9]{7} [a-z0-9]{7} [a-z0-9]", filled[:18])
    assert control.choices == sample.choices
    assert "Rain falls" in byte.decode(pair("niah_single_2:haystack=noise", byte)[1].context_ids)


@pytest.mark.parametrize("of", ["niah_multikey_2", "niah_multikey_3", "kv", "cwe", "fwe"])
def test_contexts_made_of_needles_have_no_control(of):
    with pytest.raises(InputError, match=f"of must be a task with a haystack between its needles, got '{of}'"):
        get_task(f"no_needle:of={of}")


def test_wrong_task():
    with pytest.raises(InputError, match="of must be another task, got 'no_needle'"):
        get_task("no_needle:of=no_needle")
    with pytest.raises(InputError, match="did you mean 'passkey'"):
        get_task("no_needle:of=paskey")
