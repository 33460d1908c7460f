"""Rows are equal where results are: everything but time and memory, logits within what the batch moves."""

import pytest

from lh_eval.errors import InputError
from lh_eval.store.equality import EXCLUDED, ROUNDED, differing_fields
from lh_eval.store.rows import Row, to_frame

VALUES = {
    "task": "passkey", "length": 256, "depth": 50.0, "true_depth": 50.5, "seed": 0, "needle_start": 10,
    "needle_end": 20, "context_tokens": 200, "prompt_sha256": "ab", "answer": "7", "prediction": "7", "score": 1.0,
    "selection_recall": 0.5, "seconds": 0.1, "first_token_logprob": -0.1, "answer_logprob": -0.1, "rank": 1,
    "margin": 3.0, "dropped": ((0, (1, 2)),), "needle_levels": (0.5, 0.25),
}  # fmt: skip

CHANGES = {
    "true_depth": 50.6, "seed": 1, "needle_start": 11, "needle_end": 21, "context_tokens": 201, "prompt_sha256": "ac",
    "answer": "8", "prediction": "3", "score": 0.0, "selection_recall": None, "answers": ("7", "8"), "scoring": "any",
    "first_token_logprob": -0.1003, "answer_logprob": None, "rank": 2, "margin": 3.0003, "beyond_positions": True,
    "remainder": 3, "dropped": ((0, (1, 3)),), "reading": "prompt", "question_recall": 0.5, "last_token_recall": 0.5,
    "needle_levels": (0.5, 0.26), "answer_levels": (1.0,), "question_levels": (1.0,),
    "truncated": True, "thought_tokens": 3, "answer_settling": (3, 4), "prediction_settling": (4,),
}  # fmt: skip


def frame(*changes):
    return to_frame(Row(**VALUES | {"trial": trial} | change) for trial, change in enumerate(changes))


def test_order_time_memory_and_the_last_bits_of_logits_do_not_count():
    left = frame({}, {"margin": None})
    moved = {"seconds": 9.0, "peak_bytes": 5, "margin": 3.0 + 5e-6, "answer_logprob": -0.1001}
    assert differing_fields(left, frame(moved, {"margin": None}).iloc[::-1]) == {}


@pytest.mark.parametrize("name", CHANGES)
def test_every_other_field_counts(name):
    changed = differing_fields(frame({}, {}), frame({}, {name: CHANGES[name]}))
    assert changed.pop(name) == 1
    assert set(changed) <= ({"answers"} if name == "answer" else set())


def test_no_field_is_forgotten():
    rest = set(frame({}).columns) - set(EXCLUDED) - set(CHANGES) - {"task", "length", "depth", "trial"}
    assert rest == {"error"}
    assert set(ROUNDED) < set(CHANGES)
    failed = {"score": None, "prediction": None, "error": "no"}
    assert differing_fields(frame(failed), frame(failed | {"error": "other"})) == {"error": 1}


def test_other_samples_are_refused():
    with pytest.raises(InputError, match=r"of the same samples, got .* in one alone"):
        differing_fields(frame({}), frame({}, {}))
    with pytest.raises(InputError, match=r"of different samples, got .* twice"):
        differing_fields(frame({}, {"trial": 0}), frame({}))
    with pytest.raises(InputError, match="columns of both tables"):
        differing_fields(frame({}).drop(columns="rank"), frame({}))
