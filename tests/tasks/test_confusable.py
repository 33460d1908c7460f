import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

RECORD = re.compile(r" Crate ([A-Z]{2}\d{4}) has the seal (\d{7})\.")


@pytest.mark.parametrize("distractors", [0, 1, 8, 20])
def test_keys_differ_from_the_asked_one_in_one_character(tokenizer, distractors):
    task = get_task(f"confusable:distractors={distractors}")
    sample = task.sample(tokenizer, length=2500, depth=30, trial=0)
    records = dict(RECORD.findall(tokenizer.decode(sample.context_ids)))
    assert len(records) == len(set(records.values())) == 1 + distractors
    (key,) = set(re.findall(r"[A-Z]{2}\d{4}", tokenizer.decode(sample.question_ids)))
    assert records[key] == sample.answer
    for other in records.keys() - {key}:
        assert sum(a != b for a, b in zip(key, other, strict=True)) == 1


def test_most_distractors():
    assert get_task("confusable:distractors=86")
    with pytest.raises(InputError, match="distractors must be from 0 to 86, got 87"):
        get_task("confusable:distractors=87")
