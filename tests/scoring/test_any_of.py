import pytest

from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "answers", "score"),
    [
        ("none of 12", ["1", "2"], 0.0),
        ("it is 2", ["1", "2"], 1.0),
    ],
)
def test_scores(text, answers, score):
    assert score_text("any", text, answers) == score


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("12", False),
        ("12, or", True),
        ("13 and so on ", False),
    ],
)
def test_generation_stops_where_the_score_is_decided(text, decided):
    assert is_decided("any", text, ["12", "34"]) is decided
