"""What the tasks on real documents have in common: enough distinct questions, and truth that the text states."""

import itertools
import re
import time

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.python_source import statements

NAMES = ["quote", "quote:haystack=state_of_the_union", "py_constant", "py_signature", "term", "element"]


def _items(task):
    return [item for group in task.document().groups for item in group.items]


@pytest.mark.parametrize(
    ("name", "habit"), [*((name, "byte") for name in NAMES), ("quote", "words"), ("element", "words")]
)
def test_fifty_distinct_questions_and_more(name, habit, tokenizers, prose_bpe):
    tokenizer = prose_bpe if habit == "words" else tokenizers[habit]
    task = get_task(name)
    questions = [item.question for item in _items(task)]
    assert len(set(questions)) == len(questions) >= 50
    samples = [task.sample(tokenizer, length=4096, depth=50, trial=trial) for trial in range(50)]
    assert len({sample.prompt_sha256 for sample in samples}) == 50
    assert {len(sample.prompt_ids) for sample in samples} == {4096}


@pytest.mark.parametrize("name", NAMES)
def test_the_needle_says_the_answer(name, tokenizers):
    task = get_task(name)
    for trial in range(20):
        sample = task.sample(tokenizers["bpe"], length=4096, depth=70, trial=trial)
        needle = " ".join(tokenizers["bpe"].decode(sample.prompt_ids[sample.needle_start : sample.needle_end]).split())
        assert all(answer in needle for answer in sample.answers)


@pytest.mark.parametrize("name", ["py_constant", "term", "element"])
def test_the_question_does_not(name):
    for item in _items(get_task(name)):
        assert not re.search(rf"\b{re.escape(item.answers[0])}\b", item.question)


def test_quotes_begin_like_no_other_sentence():
    task = get_task("quote")
    text = " ".join("".join(task.document().units).split())
    for item in _items(task)[::20]:
        given = item.question.rpartition('"')[2]
        assert len(given.split()) == 6
        assert text.count(f" {given} ") == 1
        assert f" {given} {item.answers[0]}" in text


def test_quotes_of_what_is_no_prose(tmp_path):
    (tmp_path / "numbers.txt").write_text("1 2 3 4. " * 300, encoding="utf-8")
    with pytest.raises(InputError, match=r"haystack must have sentences to ask for, got none in .*numbers"):
        get_task(f"quote:haystack={tmp_path}/numbers.txt").document()


def test_constants_are_what_the_module_has():
    import token

    answers = {item.question.split()[-2]: item for item in _items(get_task("py_constant"))}
    assert answers["LPAR"].answers == (str(token.LPAR),)
    assert answers["LPAR"].scoring == "number"
    alone = {item.scoring for item in _items(get_task("py_constant:questions=1"))}
    assert alone == {"number", "any"}


def test_signatures_are_what_inspect_says():
    import importlib
    import inspect

    checked = 0
    for item in _items(get_task("py_signature")):
        module, name = re.search(r"module (\w+):\ndef (\w+)\($", item.question).groups()
        if module in ("calendar", "glob", "textwrap", "traceback", "colorsys", "keyword", "heapq", "token"):
            function = getattr(importlib.import_module(module), name, None)
            if inspect.isfunction(function):
                assert tuple(inspect.signature(function).parameters) == item.answers
                checked += 1
    assert checked > 3


def test_statements_are_the_source_itself():
    import colorsys
    import inspect

    own = [statement.text for statement in statements() if statement.module == "colorsys"]
    assert "".join(own) == "\n\n# module colorsys\n" + inspect.getsource(colorsys)


def test_terms_by_their_definitions():
    (question,) = [item.question for item in _items(get_task("term")) if item.answers == ("ABATIS",)]
    assert "Rubbish in front of a fort, to prevent the rubbish outside from molesting the rubbish inside." in question


def test_elements_of_the_periodic_table():
    by_number = [int(item.answers[0]) for item in _items(get_task("element:field=number"))]
    weights = [float(item.answers[0]) for item in _items(get_task("element"))]
    assert by_number == sorted(by_number)
    assert (by_number[0], by_number[-1]) == (1, 92)
    assert (weights[0], weights[-1]) == (1.008, 238.03)
    # argon, cobalt and tellurium are heavier than the element after them, and thorium than protactinium
    falls = [by_number[i] for i, (one, two) in enumerate(itertools.pairwise(weights)) if one > two]
    assert falls == [18, 27, 52, 90]
    # between twice and 2.6 times the number, hydrogen aside
    assert all(1.98 < weight / number < 2.6 for weight, number in zip(weights[1:], by_number[1:], strict=True))
    with pytest.raises(InputError, match="field must be one of weight, number, got 'mass'"):
        get_task("element:field=mass")


@pytest.mark.parametrize("name", ["quote", "py_constant"])
def test_long_samples_are_fast(name, tokenizers):
    task = get_task(name)
    task.sample(tokenizers["byte"], length=8192, depth=0, trial=0)
    start = time.perf_counter()
    for trial in range(50):
        task.sample(tokenizers["byte"], length=131_072, depth=50, trial=trial)
    assert time.perf_counter() - start < 1.5  # about 0.08 on an idle core
