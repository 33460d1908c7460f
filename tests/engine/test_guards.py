"""Samples that are refused rather than scored, each for one fault put into a sound one."""

import copy
import dataclasses
import math

import pytest
import torch

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.cli.closing import invalid_lines
from lh_eval.corpora.records import load_records
from lh_eval.corpora.texts import load_text
from lh_eval.engine.answering import Answer
from lh_eval.engine.guards import by_reason, check_answer, check_sample
from lh_eval.errors import InputError, InvalidSampleError
from lh_eval.runs.evaluate import evaluate
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import run
from lh_eval.store.files import read_samples
from lh_eval.tasks.base import get_task

TOKENIZER = byte_tokenizer()
LENGTH = 2000
SPECS = ["passkey", "keyed", "niah_single_2", "kv", "two_hop", "vt", "quote", "no_needle", "quote:closed_book=1"]


def made(spec="niah_single_2", **changes):
    sample = get_task(spec).sample(TOKENIZER, length=LENGTH, depth=50, trial=0)
    return dataclasses.replace(sample, **changes)


def check(sample, *, depth=50, tolerance=2.0):
    check_sample(TOKENIZER, sample, length=LENGTH, depth=depth, tolerance=tolerance)


@pytest.mark.parametrize("spec", SPECS)
def test_sound_samples_pass(spec):
    check(made(spec))


def put(sample, text, *, behind=None):
    """The sample with a text in the place of as many tokens, ahead of its needle or behind it."""
    ids = TOKENIZER.encode(text)
    at = sample.opening if behind is None else sample.needle_end
    context = [*sample.context_ids[:at], *ids, *sample.context_ids[at + len(ids) :]]
    return dataclasses.replace(sample, context_ids=context)


@pytest.mark.parametrize("spec", ["niah_single_2", "passkey", "keyed"])
def test_an_answer_that_stands_in_the_haystack(spec):
    sample = made(spec)
    with pytest.raises(InvalidSampleError, match=rf"answer '{sample.answer}' must stand 1 times in the prompt, got 2;"):
        check(put(sample, f" It is {sample.answer}, they say.", behind=True))
    check(put(sample, f" It is {sample.answer}0, they say.", behind=True))  # another word


def test_an_answer_that_is_missing():
    sample = made()
    context = list(sample.context_ids)
    context[sample.needle_start : sample.needle_end] = TOKENIZER.encode("." * (sample.needle_end - sample.needle_start))
    with pytest.raises(InvalidSampleError, match="must stand 1 times in the prompt, got 0"):
        check(dataclasses.replace(sample, context_ids=context))


def test_an_answer_in_the_control():
    sample = made("no_needle")
    with pytest.raises(InvalidSampleError, match="must stand 0 times in the control, got 1"):
        check(put(sample, f" It is {sample.answer}."))


def test_distractors_with_the_asked_digit():
    old = get_task("keyed:version=1")
    shared = 0
    for trial in range(9):
        sample = old.sample(TOKENIZER, length=LENGTH, depth=50, trial=trial)
        try:
            check(dataclasses.replace(sample, stands=(1,), depth=0, placed=False))
        except InvalidSampleError as error:
            shared += "must stand 1 times" in str(error)
    assert shared > 0


def test_special_tokens_from_data():
    sample = made()
    context = list(sample.context_ids)
    context[sample.opening + 1] = TOKENIZER.eos_token_id
    with pytest.raises(InvalidSampleError, match=r"no special tokens, got '<\|endoftext\|>' from data"):
        check(dataclasses.replace(sample, context_ids=context))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"question_ids": [65]}, "prompt must have 2000 tokens, got"),
        ({"spans": ((5, 5),), "needle_start": 5, "needle_end": 5}, "needle must lie within the context's"),
        ({"spans": ((1990, 2100),), "needle_start": 1990, "needle_end": 2100}, "needle must lie within the context's"),
        ({"needle_start": 7}, "needle must be the first span"),
        ({"opening": -1}, "opening must be within"),
        ({"choice_ids": [9999]}, "token ids must be from 0 to 256, got"),
    ],
)
def test_places_and_ids(changes, said):
    with pytest.raises(InvalidSampleError, match=said):
        check(made(**changes))


def test_a_needle_off_its_depth():
    with pytest.raises(InvalidSampleError, match=r"needle must start within 2 points of depth 60, got \d+.\d off"):
        check(made(), depth=60)
    check(made(), depth=60, tolerance=15)
    check(made("vt"), depth=3)  # which the depth does not place


def test_numbers_of_an_answer():
    check_answer(Answer("a", -0.5, -1.0, None, None))
    for broken in ((math.nan, -1.0, 1.0), (-0.5, -math.inf, 1.0), (-0.5, -1.0, math.nan)):
        with pytest.raises(InputError, match="must be finite, got"):
            check_answer(Answer("a", broken[0], broken[1], 1, broken[2]))


def test_reasons_are_counted_by_kind():
    errors = ["InvalidSampleError: answer '7' must stand 1 times in the prompt, got 2; x", "KeyError: 'a'"]
    errors += ["InvalidSampleError: answer '9' must stand 1 times in the prompt, got 3; x"]
    assert by_reason(errors) == {"answer '7' must stand 1 times in the prompt, got 2; x": 2}
    assert issubclass(InvalidSampleError, InputError)


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_row_of_the_vocabulary_that_is_no_number_is_each_samples_error(checkpoint, value):
    model = copy.deepcopy(checkpoint.model)
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().clone())  # not the embeddings' too
    head.weight.data[200] = value  # no digit
    frame = evaluate(model, checkpoint.tokenizer, task="passkey", lengths=[256], depths=[0, 50], trials=1)
    assert frame["score"].isna().all()
    assert frame["error"].str.startswith("InputError: logits after the question must be finite, got").all()


def test_a_haystack_with_the_answer_costs_its_sample_and_no_other(checkpoint, tmp_path):
    path = tmp_path / "sea.txt"
    text = "The sea is <|endoftext|> wide. A whale {} swims by and by. "
    path.write_text(text * 30, encoding="utf-8")
    spec = f"niah_single_2:haystack={path}"
    answer = get_task(spec).sample(byte_tokenizer(), length=900, depth=50, trial=0).answer
    load_text.cache_clear()
    load_records.cache_clear()
    path.write_text(text.format(answer) * 30, encoding="utf-8")
    grid = Grid(task=spec, lengths=(900,), depths=(50,), trials=2)
    finished = run(checkpoint, grid, ["dense"], tmp_path / "out")
    invalid, scored = sorted(read_samples(tmp_path / "out" / "samples.jsonl").rows, key=lambda row: row.trial)
    assert invalid.error.startswith(f"InvalidSampleError: answer '{answer}' must stand 1 times in the prompt, got ")
    assert (invalid.score, invalid.answer, scored.error) == (None, answer, None)
    (line,) = invalid_lines(finished)
    assert line.startswith(f"not valid, so not scored: 1; answer '{answer}' must stand 1 times")
