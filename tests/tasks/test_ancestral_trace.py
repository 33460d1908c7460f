import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

STEP = re.compile(r" ([A-Z][a-z]+) is a child of ([A-Z][a-z]+)\.")


@pytest.mark.parametrize(("generations", "families"), [(1, 0), (4, 1), (3, 3)])
def test_the_line_ends_with_the_answer(tokenizer, generations, families):
    task = get_task(f"ancestral_trace:generations={generations},families={families}")
    sample = task.sample(tokenizer, length=2500, depth=50, trial=1)
    parents = dict(STEP.findall(tokenizer.decode(sample.context_ids)))
    assert len(parents) == generations * (1 + families)
    question = tokenizer.decode(sample.question_ids)
    (person,) = {name for name in parents if name in question}
    line = [person]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    assert len(line) == generations + 1
    assert line[-1] == sample.answer not in question
    first = STEP.fullmatch(tokenizer.decode(sample.prompt_ids[sample.needle_start : sample.needle_end]))
    assert first[1] == person


def test_no_more_names():
    with pytest.raises(InputError, match="families must be from 0 to 3 with 4 generations, got 4"):
        get_task("ancestral_trace:families=4")
    with pytest.raises(InputError, match="generations must be from 1 to 21, got 22"):
        get_task("ancestral_trace:generations=22")
