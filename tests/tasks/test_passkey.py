import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.tasks.base import get_task
from lh_eval.tasks.building.placing import leading_special_ids

TASK = get_task("passkey")
same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
cells = {"length": st.integers(200, 3000), "depth": st.floats(0, 100), "trial": st.integers(0, 50)}


@same_tokenizer
@given(**cells, seed=st.integers(0, 2**63))
def test_exact_length_and_needle(tokenizer, length, depth, trial, seed):
    sample = TASK.sample(tokenizer, length=length, depth=depth, trial=trial, seed=seed)
    prompt = sample.context_ids + sample.question_ids
    assert prompt == sample.prompt_ids
    assert len(prompt) == length
    assert tokenizer.decode(prompt[sample.needle_start : sample.needle_end]) == f" The pass key is {sample.answer}. "
    assert tokenizer.decode(sample.question_ids).rstrip() == " What is the pass key? The pass key is"
    assert sample.needle_end <= len(sample.context_ids)
    assert tokenizer.decode(prompt).count(" The pass key is ") <= 2

    head = leading_special_ids(tokenizer)
    assert sample.depth == 100 * sample.needle_start / len(sample.context_ids)
    assert sample.opening == len(head)
    # no word has more tokens than bytes, and the needle ends before the context does
    room = len(sample.context_ids) - (sample.needle_end - sample.needle_start)
    nearest = min(max(len(sample.context_ids) * depth / 100, len(head)), room)
    assert abs(sample.needle_start - nearest) <= max(8, 0.02 * len(sample.context_ids))


@same_tokenizer
@given(**cells)
def test_right_answer_is_the_token_that_completes_the_prompt(tokenizer, length, depth, trial):
    sample = TASK.sample(tokenizer, length=length, depth=depth, trial=trial)
    right = sample.choice_ids[sample.choices.index(sample.answer)]
    assert sample.choices == list("0123456789")
    assert tokenizer.decode([*sample.question_ids, right]).endswith(f" The pass key is {sample.answer}")


def test_ends_of_the_context(tokenizer):
    head = leading_special_ids(tokenizer)
    first = TASK.sample(tokenizer, length=500, depth=0, trial=0)
    last = TASK.sample(tokenizer, length=500, depth=100, trial=0)
    assert first.context_ids[: len(head)] == head
    assert first.needle_start == len(head)
    assert last.needle_end == len(last.context_ids)


def test_needle_never_splits_a_word(tokenizers):
    for trial in range(20):
        sample = TASK.sample(tokenizers["byte"], length=1000, depth=37, trial=trial)
        before = tokenizers["byte"].decode(sample.context_ids[: sample.needle_start])
        assert re.fullmatch("( [a-z0-9]{7})*", before)


def test_samples_do_not_depend_on_order(tokenizer):
    cells = [(length, depth, trial) for length in (300, 400) for depth in (0, 50.0, 100) for trial in range(3)]

    def run(order):
        return {cell: TASK.sample(tokenizer, length=cell[0], depth=cell[1], trial=cell[2], seed=1) for cell in order}

    assert run(cells) == run(random.Random(0).sample(cells, len(cells)))
    assert len({sample.prompt_sha256 for sample in run(cells).values()}) == len(cells)


def test_int_and_float_depth_are_the_same_cell(tokenizers):
    def make(depth):
        return TASK.sample(tokenizers["byte"], length=300, depth=depth, trial=0)

    assert make(50) == make(50.0)


def test_answers_and_seeds_vary(tokenizers):
    samples = [TASK.sample(tokenizers["byte"], length=300, depth=50, trial=trial) for trial in range(100)]
    counts = [sum(sample.answer == digit for sample in samples) for digit in "0123456789"]
    assert min(counts) > 0
    assert max(counts) < 30
    other = TASK.sample(tokenizers["byte"], length=300, depth=50, trial=0, seed=1)
    assert other.prompt_ids != samples[0].prompt_ids


def test_a_sample_stays_the_same_between_versions(tokenizers):
    sample = TASK.sample(tokenizers["byte"], length=4096, depth=50, trial=0, seed=0)
    assert sample.prompt_sha256 == "1375030caacc6871d567194c7f180947ad50ba064a259cfae93a68f417304790"


def test_no_cut_word_says_the_answer(tokenizers):
    # 59 + 2 bytes hold the needle, the question and a space with one character of a word
    old = [
        get_task("passkey:version=1").sample(tokenizers["byte"], length=61, depth=0, trial=trial)
        for trial in range(400)
    ]
    new = [TASK.sample(tokenizers["byte"], length=61, depth=0, trial=trial) for trial in range(400)]
    assert any(tokenizers["byte"].decode(sample.context_ids).endswith(f" {sample.answer}") for sample in old)
    assert not any(tokenizers["byte"].decode(sample.context_ids).endswith(f" {sample.answer}") for sample in new)


def test_shortest_length(tokenizer):
    with pytest.raises(InputError, match=r"length must be at least \d+ tokens .* got 5") as error:
        TASK.sample(tokenizer, length=5, depth=50, trial=0)
    least = int(re.search(r"at least (\d+)", str(error.value))[1])
    assert len(TASK.sample(tokenizer, length=least, depth=50, trial=0).prompt_ids) == least
    with pytest.raises(InputError, match="length must be at least"):
        TASK.sample(tokenizer, length=least - 1, depth=50, trial=0)


@pytest.mark.parametrize("length", [0, -4096])
def test_no_length(tokenizers, length):
    with pytest.raises(InputError, match=f"length must be a positive number of tokens, got {length}"):
        TASK.sample(tokenizers["byte"], length=length, depth=50, trial=0)


@pytest.mark.parametrize("depth", [-1, 100.5, 120, float("nan")])
def test_depth_out_of_range(tokenizers, depth):
    with pytest.raises(InputError, match=f"depth must be from 0 to 100, got {depth:g}"):
        TASK.sample(tokenizers["byte"], length=4096, depth=depth, trial=0)
