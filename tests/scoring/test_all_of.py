import pytest

from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "answers", "score"),
    [
        ("1234 and 9876.", ["1234", "9876", "5555", "777"], 0.5),
        ("a\nb", ["A", "B"], 1.0),
        ("4375216,7723137", ["4375216", "7723137"], 1.0),
        ("4375216,772", ["4375216", "772"], 1.0),
        ("1,234,567.5", ["1", "234", "567", "1,234,567"], 0.0),
        ("12,7", ["7"], 1.0),
        ("3.7", ["7"], 0.0),
    ],
)
def test_scores(text, answers, score):
    assert score_text("all", text, answers) == score


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        (" 12", False),  # may become 123
        (" 12 ", False),  # 34 is to come
        ("12 34", False),
        ("12 34\n", True),
    ],
)
def test_generation_stops_where_the_score_is_decided(text, decided):
    assert is_decided("all", text, ["12", "34"]) is decided
