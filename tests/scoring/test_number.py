from decimal import Decimal

import pytest

from lh_eval.errors import InputError
from lh_eval.scoring.base import is_decided, score_text
from lh_eval.scoring.number import first_number


@pytest.mark.parametrize(
    ("text", "answers", "score"),
    [
        ("about 1,000.0 tons", ["1000"], 1.0),
        ("12, not 13", ["13"], 0.0),
        ("none", ["13"], 0.0),
        ("-5", ["5"], 0.0),
        ("5e3", ["5000"], 1.0),
        ("1. 5875110", ["5875110"], 1.0),
        ("1. 5875110", ["1"], 0.0),
        ("\n1)\n-7", ["-7"], 1.0),
        ("1. It is 7", ["1"], 1.0),
        ("4375216,772", ["4375216"], 1.0),
        ("\u22125", ["-5"], 1.0),
    ],
)
def test_scores(text, answers, score):
    assert score_text("number", text, answers) == score


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("12.", False),
        ("12. T", False),  # 12 may number a list
        ("12. To ", True),
        ("1. 58 ", True),
        ("abc def ", False),
    ],
)
def test_generation_stops_where_the_score_is_decided(text, decided):
    assert is_decided("number", text, ["12", "34"]) is decided


@pytest.mark.parametrize(
    ("text", "number"),
    [("pages 10-20", "10"), (".5", "0.5"), ("3,14", "3"), ("item-5", "5"), ("$12.50.", "12.50"), ("12,345", "12345")],
)
def test_the_first_number(text, number):
    assert first_number(text) == Decimal(number)


def test_answers_without_a_number_are_refused():
    message = "answers must hold a number each where scoring is number, got 'seven'"
    with pytest.raises(InputError, match=message):
        score_text("number", "7", ["7", "seven"])
