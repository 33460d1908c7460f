import pytest

from lh_eval.scoring.base import is_decided, score_text


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("a1, b2 and c3.", 1.0),
        ("[C3, b2, a1, a1]\nd4", 1.0),
        ("a1", 0.5),
        ("a1, d4, e5", 2 / 6),
        ("a1 b2 c3", 0.0),  # one name of three words
        ("\n", 0.0),
    ],
)
def test_scores(text, score):
    assert score_text("f1", text, ["a1", "b2", "c3"]) == pytest.approx(score)


def test_generation_stops_where_the_line_ends():
    assert is_decided("f1", " a1, b2\n", ["a1"])
    assert not is_decided("f1", " a1, b2 ", ["a1"])
