from collections import Counter

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.building.vocabulary import vocabulary
from lh_eval.tasks.common_words import INTRO


def listed(tokenizer, sample):
    """The list's words without what follows the last whole round of the rare ones."""
    text = tokenizer.decode(sample.context_ids)
    return text[text.index(INTRO) + len(INTRO) :].split()


def test_common_words_come_often_and_the_others_rarely(tokenizer):
    sample = get_task("cwe:common=3,times=10,rare=2").sample(tokenizer, length=2500, depth=0, trial=0)
    counts = Counter(listed(tokenizer, sample))
    assert [counts[answer] for answer in sample.answers] == [10] * 3
    others = sorted(count for word, count in counts.items() if word not in sample.answers)
    assert set(others[2:]) == {2}  # the list is filled up with at most two parts of a further word
    assert set(others) <= {1, 2}
    assert set(sample.answers) <= set(vocabulary("list"))
    assert sample.scoring == "all"
    for (start, end), answer in zip(sample.spans, sample.answers, strict=True):
        assert tokenizer.decode(sample.prompt_ids[start:end]) == f" {answer}"
        assert f" {answer} " not in tokenizer.decode(sample.prompt_ids[:start])


def test_defaults(prose_bpe):
    sample = get_task("cwe").sample(prose_bpe, length=8192, depth=0, trial=0)
    counts = Counter(listed(prose_bpe, sample))
    assert {word for word, count in counts.items() if count >= 30} == set(sample.answers)
    assert len(sample.answers) == 10
    assert "Which 10 words" in prose_bpe.decode(sample.question_ids)


def test_where_the_vocabulary_ends_the_rare_words_come_more_often(prose_bpe):
    sample = get_task("cwe:rare=1").sample(prose_bpe, length=131_072, depth=0, trial=0)
    counts = Counter(listed(prose_bpe, sample))
    assert Counter(counts.values()).most_common(1)[0][0] > 1
    assert sorted(counts, key=counts.get)[-10:] == sorted(sample.answers, key=list(counts).index)
    with pytest.raises(InputError, match="leaves rare words rare, got 131072; raise the option times"):
        get_task("cwe:times=3,rare=2").sample(prose_bpe, length=131_072, depth=0, trial=0)


def test_too_short(tokenizers):
    with pytest.raises(InputError, match=r"length must be at least \d+ tokens for 10 words 30 times each, got 1000"):
        get_task("cwe").sample(tokenizers["byte"], length=1000, depth=0, trial=0)


@pytest.mark.parametrize("spec", ["cwe:common=0", "cwe:times=1", "cwe:times=5,rare=5", "cwe:rare=0"])
def test_wrong_options(spec):
    with pytest.raises(InputError, match=r"(common|times|rare) must be from \d to \d+, got"):
        get_task(spec)
