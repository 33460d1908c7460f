import pytest

from lh_eval.errors import InputError
from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "score"),
    [("7", 1.0), ("about 9.", 0.75**2), ("1. 6", 0.75), ("none", 0.0), ("1e400", 0.0), ("6.5", 0.75**0.5)],
)
def test_scores(text, score):
    assert score_text("count", text, ["7"]) == pytest.approx(score)


def test_the_nearest_answer_and_another_base():
    assert score_text("count:base=0.5", "3", ["7", "4"]) == 0.5
    with pytest.raises(InputError, match="base must be above 0 and below 1, got 1"):
        score_text("count:base=1", "3", ["7"])
    with pytest.raises(InputError, match="hold a number each where scoring is count, got 'few'"):
        score_text("count", "3", ["few"])


def test_generation_stops_where_a_number_is():
    assert is_decided("count", "3 of", ["7"])
    assert not is_decided("count", "3", ["7"])
