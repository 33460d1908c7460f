import pytest

from lh_eval import InputError
from lh_eval.results.compare import difference
from lh_eval.results.rows import to_frame


def test_pairs_are_counted_sample_by_sample(make_row):
    left = [make_row(trial=t, score=s) for t, s in enumerate([1.0, 1.0, 0.0, 1.0])]
    right = [make_row(trial=t, score=s) for t, s in enumerate([0.0, 1.0, 1.0, 0.0])]
    values = difference(to_frame(left), to_frame(right))
    assert values == {"mean": 0.25, "pairs": 4, "gained": 2, "lost": 1, "p_value": 1.0}


def test_the_mean_is_over_cells(make_row):
    left = [make_row(depth=0, trial=t) for t in range(3)] + [make_row(depth=100, score=0.0)]
    right = [make_row(depth=0, trial=t, score=0.0) for t in range(3)] + [make_row(depth=100)]
    assert difference(to_frame(left), to_frame(right))["mean"] == 0.0


def test_samples_that_one_side_lacks_or_failed_are_left_out(make_row):
    left = [make_row(trial=0), make_row(trial=1, error="broken"), make_row(trial=2)]
    right = [make_row(trial=0), make_row(trial=1), make_row(trial=3)]
    assert difference(to_frame(left), to_frame(right))["pairs"] == 1
    assert difference(to_frame(left[1:2]), to_frame(right)) is None


def test_different_prompts_are_not_compared(make_row):
    with pytest.raises(InputError, match="same prompts, got different ones for task passkey, length 4096"):
        difference(to_frame([make_row()]), to_frame([make_row(prompt_sha256="1" * 64)]))
