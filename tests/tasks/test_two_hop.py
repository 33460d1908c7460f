import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

OWNER = re.compile(r" ([A-Z][a-z]+) rents locker ([a-z-]+)\.")
LOCKER = re.compile(r" Locker ([a-z-]+) opens with (\d{7})\.")


@pytest.mark.parametrize("distractors", [0, 3])
def test_two_hops_lead_to_the_answer_and_one_does_not(tokenizer, distractors):
    task = get_task(f"two_hop:distractors={distractors}")
    for trial in range(4):
        sample = task.sample(tokenizer, length=2500, depth=50, trial=trial)
        context, question = (tokenizer.decode(ids) for ids in (sample.context_ids, sample.question_ids))
        owners, lockers = dict(OWNER.findall(context)), dict(LOCKER.findall(context))
        assert len(owners) == len(lockers) == 1 + distractors
        (person,) = (name for name in owners if name in question)
        assert lockers[owners[person]] == sample.answer
        assert not any(locker in question for locker in lockers)
        first, second = (tokenizer.decode(sample.prompt_ids[start:end]) for start, end in sample.spans)
        assert OWNER.fullmatch(first).groups() == (person, owners[person])
        assert LOCKER.fullmatch(second).groups() == (owners[person], sample.answer)


def test_the_depth_moves_the_first_hop_alone(tokenizers):
    task = get_task("two_hop")
    first, last = (task.sample(tokenizers["byte"], length=4096, depth=depth, trial=0) for depth in (0, 100))
    assert first.needle_start < first.spans[1][0]
    assert last.needle_start > last.spans[1][0]


def test_most_distractors():
    with pytest.raises(InputError, match="distractors must be from 0 to 21, got 22"):
        get_task("two_hop:distractors=22")
