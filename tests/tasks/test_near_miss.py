import re

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task

RECORD = re.compile(r" Crate ([A-Z]{2}\d{4}) has the seal \d{7}\.")


def test_about_half_are_there_and_the_others_nearly(tokenizer):
    answers = []
    for trial in range(12):
        sample = get_task("near_miss").sample(tokenizer, length=1500, depth=50, trial=trial)
        keys = RECORD.findall(tokenizer.decode(sample.context_ids))
        key = re.search(r"crate (\w+)\?", tokenizer.decode(sample.question_ids))[1]
        assert len(set(keys)) == 5
        assert {sum(a != b for a, b in zip(key, other, strict=True)) for other in keys if other != key} == {1}
        assert sample.answer == ("1" if key in keys else "0")
        placed = RECORD.fullmatch(tokenizer.decode(sample.prompt_ids[sample.needle_start : sample.needle_end]))[1]
        assert (placed == key) is (key in keys)
        assert (sample.choices, len(sample.choice_ids), sample.scoring) == (["0", "1"], 2, "choice")
        assert len(sample.prompt_ids) == 1500
        answers.append(sample.answer)
    assert 3 <= answers.count("1") <= 9


def test_what_is_asked_is_the_same_at_all_depths(tokenizers):
    samples = [get_task("near_miss").sample(tokenizers["byte"], length=1500, depth=d, trial=0) for d in (0, 100)]
    assert samples[0].question_ids == samples[1].question_ids
    assert samples[0].answer == samples[1].answer


def test_most_distractors():
    with pytest.raises(InputError, match="distractors must be from 0 to 85, got 86"):
        get_task("near_miss:distractors=86")
