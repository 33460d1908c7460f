from collections import Counter

import pytest

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.building.vocabulary import vocabulary
from lh_eval.tasks.common_words import INTRO


def listed(tokenizer, sample):
    """The list's words without what follows the last whole round of the rare ones."""
    text = tokenizer.decode(sample.context_ids)
    return text[text.rindex(INTRO) + len(INTRO) :].split()


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


@pytest.mark.parametrize(("length", "times", "rare"), [(4095, 6, 1), (4096, 30, 3)])
def test_frequencies_are_rulers(prose_bpe, length, times, rare):
    sample = get_task("cwe:common=5,times=0").sample(prose_bpe, length=length, depth=0, trial=0)
    counts = Counter(Counter(listed(prose_bpe, sample)).values())
    assert counts[times] == 5
    assert max(counts, key=counts.get) == rare


def test_the_example_is_another_list_with_its_answer(tokenizer):
    sample = get_task("cwe:common=3,times=10,rare=2").sample(tokenizer, length=2500, depth=0, trial=0)
    _, example, words = tokenizer.decode(sample.context_ids).split(INTRO)
    shown, asked, answer = example.partition("\nWhich 3 words")
    counts = Counter(shown.split())
    named = answer.strip().rpartition(" are ")[2].rstrip(".").split(", ")
    assert asked
    assert {word for word, count in counts.items() if count == 3} == set(named)
    assert Counter(counts.values()) == {3: 3, 1: 3}
    assert not set(counts) & set(words.split()[:-1])


def test_degenerate_lengths_are_refused(prose_bpe):
    with pytest.raises(InputError, match="rare words enough, got 131072; raise the options, such as cwe:times=12,rare"):
        get_task("cwe:times=3,rare=2").sample(prose_bpe, length=131_072, depth=0, trial=0)


def test_too_short(tokenizers):
    with pytest.raises(InputError, match=r"at least \d+ tokens for 10 words 6 times each and as many rare"):
        get_task("cwe").sample(tokenizers["byte"], length=1000, depth=0, trial=0)


@pytest.mark.parametrize("options", ["common=0", "times=1", "times=5,rare=5", "times=5,rare=0", "rare=2"])
def test_wrong_options(options):
    with pytest.raises(InputError, match=r"(common|times|rare) must be from \d to \d+, got"):
        get_task(f"cwe:{options}")
