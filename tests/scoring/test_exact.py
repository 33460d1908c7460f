import pytest

from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "answers", "score"),
    [
        ("\n  pale  green \nand more", ["pale green"], 1.0),
        ("Pale green", ["pale green"], 0.0),
        ("pale green.", ["pale green"], 0.0),
        ("blue", ["pale green", "blue"], 1.0),
        ("", ["x"], 0.0),
    ],
)
def test_scores(text, answers, score):
    assert score_text("exact", text, answers) == score


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("\n12", False),
        ("\n12\n", True),
    ],
)
def test_generation_stops_where_the_score_is_decided(text, decided):
    assert is_decided("exact", text, ["12", "34"]) is decided
