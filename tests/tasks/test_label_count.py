import re

import pytest

from lh_eval.errors import InputError
from lh_eval.scoring.base import score_text
from lh_eval.tasks.base import get_task

RECORD = re.compile(r"\nParcel of ([A-Z][a-z]+), ([a-z-]+): ([a-z]+)\.")


def test_the_answer_is_the_count(tokenizer):
    for trial in range(4):
        sample = get_task("label_count:most=9").sample(tokenizer, length=3000, depth=0, trial=trial)
        records = RECORD.findall(tokenizer.decode(sample.context_ids))
        label = re.search(r"above are ([a-z]+)\?", tokenizer.decode(sample.question_ids))[1]
        assert str(sum(record[2] == label for record in records)) == sample.answer
        spans = [RECORD.fullmatch(tokenizer.decode(sample.prompt_ids[start:end])) for start, end in sample.spans]
        assert [match[3] for match in spans] == [label] * int(sample.answer)
        assert 1 <= int(sample.answer) <= 9
        assert len(sample.prompt_ids) == 3000
        assert len({record[2] for record in records}) == 6
    assert score_text(sample.scoring, f" {int(sample.answer) + 2}", sample.answers) == 0.75**2


def test_refusals(tokenizers):
    with pytest.raises(InputError, match="length must hold 40 records, got 1000, which holds"):
        get_task("label_count").sample(tokenizers["byte"], length=1000, depth=0, trial=0)
    with pytest.raises(InputError, match="most must be from 1 to 1000, got 0"):
        get_task("label_count:most=0")
