import pytest

from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "answers", "score"),
    [
        ("7", ["7"], 1.0),
        (" 7", ["7"], 0.0),
    ],
)
def test_scores(text, answers, score):
    assert score_text("choice", text, answers) == score


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("12\n", False),
    ],
)
def test_generation_stops_where_the_score_is_decided(text, decided):
    assert is_decided("choice", text, ["12", "34"]) is decided
