from collections import Counter

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.frequent_words import INTRO


@pytest.mark.parametrize(("alpha", "length"), [(2.0, 2000), (2.0, 20_000), (1.5, 20_000)])
def test_the_three_most_frequent_words(tokenizers, alpha, length):
    tokenizer = tokenizers["byte"]
    sample = get_task(f"fwe:alpha={alpha}").sample(tokenizer, length=length, depth=0, trial=0)
    text = tokenizer.decode(sample.context_ids)
    counts = Counter(word for word in text[len(INTRO) :].split() if "." not in word)
    (first, n1), (second, n2), (third, n3), (_, n4) = counts.most_common(4)
    assert (first, second, third) == sample.answers
    assert n1 > n2 > n3 > n4
    if length == 20_000:
        assert n2 / n1 == pytest.approx((2 / 3) ** alpha, rel=0.05)
    for (start, end), answer in zip(sample.spans, sample.answers, strict=True):
        assert tokenizer.decode(sample.prompt_ids[start:end]) == f" {answer}"
        assert answer not in tokenizer.decode(sample.prompt_ids[:start])


def test_samples_have_other_words(tokenizer):
    answers = {get_task("fwe").sample(tokenizer, length=2000, depth=0, trial=trial).answers for trial in range(5)}
    assert len(answers) == 5


def test_too_short(tokenizers):
    with pytest.raises(InputError, match="third word comes more often than the fourth, got 300"):
        get_task("fwe").sample(tokenizers["byte"], length=300, depth=0, trial=0)


@pytest.mark.parametrize("alpha", ["0.5", "6", "nan"])
def test_wrong_alpha(alpha):
    with pytest.raises(InputError, match="alpha must be from 1 to 5"):
        get_task(f"fwe:alpha={alpha}")
