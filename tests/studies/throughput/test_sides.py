import time

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.studies.throughput.sides import Measured, _building, _clocked, agreement
from lh_eval.tasks.base import get_task


def measured(scores, texts):
    return Measured(1.0, 3.0, None, scores, texts)


def test_agreement_is_of_scores_and_of_texts_as_far_as_both_go():
    ours = measured({(0, 0): 1.0, (0, 1): 0.0, (50, 0): 1.0, (50, 1): 1.0}, {(0, 0): "12 ", (0, 1): "7", (50, 0): "a"})
    other = measured({(0, 0): 1.0, (0, 1): 1.0, (50, 0): 1.0}, {(0, 0): " 12 and on", (0, 1): "8", (50, 0): ""})
    assert agreement(ours, other) == {"compared": 3, "same_score": 2, "same_text": 2}


def test_samples_that_are_made_are_clocked_and_the_task_is_as_before():
    make = type(get_task("passkey")).sample
    with _building("passkey") as seconds:
        for trial in range(3):
            get_task("passkey").sample(byte_tokenizer(), length=300, depth=0, trial=trial)
    assert len(seconds) == 3
    assert min(seconds) > 0
    assert type(get_task("passkey")).sample is make


def test_a_clocked_method_notes_begin_and_end():
    times = []
    assert _clocked(lambda seconds: time.sleep(seconds) or 7, times)(0.01) == 7
    assert times[1] - times[0] >= 0.01
