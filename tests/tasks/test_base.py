from types import SimpleNamespace

import pytest

from lh_eval.tasks.base import get_task, questions_of


@pytest.mark.parametrize(
    ("spec", "questions"), [("passkey", 1), ("kv:questions=8", 8), ("quote", 4), ("quote:questions=8", 8)]
)
def test_questions_of_a_context(spec, questions):
    assert questions_of(get_task(spec)) == questions


@pytest.mark.parametrize("value", ["kinds", 0, -2, 2.0, None, True])
def test_an_attribute_of_another_meaning_is_no_number_of_questions(value):
    assert questions_of(SimpleNamespace(questions=value)) == 1
