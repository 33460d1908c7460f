import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

ASSIGNMENT = re.compile(r" VAR ([A-Z]{5}) = (?:VAR ([A-Z]{5})|(\d{5}))\.")


@pytest.mark.parametrize(("chains", "hops"), [(1, 4), (3, 2), (2, 0)])
def test_chains_are_in_order_and_the_first_is_asked_for(tokenizer, chains, hops):
    task = get_task(f"vt:chains={chains},hops={hops}")
    sample = task.sample(tokenizer, length=2500, depth=50, trial=1)
    context, question = (tokenizer.decode(ids) for ids in (sample.context_ids, sample.question_ids))
    _, context = context.split("you are asked about:")
    found = ASSIGNMENT.findall(context)
    assert len(found) == chains * (hops + 1)

    (value,) = set(re.findall(r"\d{5}", question))
    holders, passed_on = [], value
    while True:
        name = next((name for name, source, number in found if passed_on in (source, number)), None)
        if name is None:
            break
        holders.append(name)
        passed_on = name
    assert tuple(holders) == sample.answers
    assert len(holders) == hops + 1
    assert {number for _, _, number in found if number} >= {value}
    assert len({number for _, _, number in found if number}) == chains

    starts = [start for start, _ in sample.spans]
    assert starts == sorted(starts)  # each variable after the one that it takes its value from
    for (start, end), name in zip(sample.spans, holders, strict=True):
        assert ASSIGNMENT.fullmatch(tokenizer.decode(sample.prompt_ids[start:end]))[1] == name


def test_each_depth_is_another_sample(tokenizers):
    task = get_task("vt")
    first, second = (task.sample(tokenizers["byte"], length=2000, depth=depth, trial=0) for depth in (0, 50))
    assert first.answers != second.answers


@pytest.mark.parametrize("spec", ["vt:chains=0", "vt:hops=-1", "vt:hops=101"])
def test_wrong_options(spec):
    with pytest.raises(InputError, match=r"(chains|hops) must be from \d to 100, got"):
        get_task(spec)


def test_a_worked_example_comes_first_and_gives_nothing_away(tokenizers):
    task, sizes = get_task("vt:hops=2,chains=2"), set()
    for trial in range(20):
        sample = task.sample(tokenizers["byte"], length=1500, depth=0, trial=trial)
        prompt = tokenizers["byte"].decode(sample.prompt_ids)
        example, asked = prompt.split("The text that you are asked about:")
        chain = ASSIGNMENT.findall(example)
        (value,) = (number for *_, number in chain if number)
        names = [name for name, *_ in chain]
        assert [source for _, source, _ in chain] == ["", *names[:-1]]
        question = asked[asked.rindex("\n") :]
        shown = question.replace(re.search(r"\d{5}", question)[0], value)
        assert f"{shown} {', '.join(names)}.\n" in example  # asked and answered in the question's own words
        assert len(names) == len(sample.answers)
        assert not any(text in asked for text in (*names, value))
        assert not any(answer in example for answer in sample.answers)
        sizes.add(len(sample.prompt_ids))
    assert sizes == {1500}
