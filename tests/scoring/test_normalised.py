import pytest

from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "answers", "score"),
    [
        ("Pale, green.\n", ["pale green"], 1.0),
        ("pale green leaf", ["pale green"], 0.0),
        ("--", ["--"], 1.0),
        ("++", ["--"], 0.0),
    ],
)
def test_scores(text, answers, score):
    assert score_text("normalised", text, answers) == score


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("12 34", False),
        ("12 34\n", True),
    ],
)
def test_generation_stops_where_the_score_is_decided(text, decided):
    assert is_decided("normalised", text, ["12", "34"]) is decided
