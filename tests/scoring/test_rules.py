"""What counts as an answer; and that a text which is decided stays so."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.scoring.rules import first_number, holds, is_decided, score_text


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("It is 7.", "7", True),
        ("(7)", "7", True),
        ("17", "7", False),
        ("3.7", "7", False),
        ("1,700", "700", False),
        ("7th", "7", False),
        ("x_7", "7", False),
        ("Call me ISHMAEL!", "call me Ishmael", True),
        ("call me, Ishmael", "Call me Ishmael.", True),
        ("Ishmael, call me", "call me Ishmael", False),
        ("a well-known fact", "well known", True),
        ("don't", "don", False),
        ("Straße", "STRASSE", True),
        ("ﬁne", "fine", True),
        ("use -- here", "--", True),
        ("nothing", "--", False),
        ("anything", "", False),
        ("3.141", "3.141", True),
        ("3.1415", "3.141", False),
    ],
)
def test_a_text_holds_an_answer_as_whole_words(text, answer, held):
    assert holds(text, answer) is held


@pytest.mark.parametrize(
    ("scoring", "text", "answers", "score"),
    [
        ("choice", "7", ["7"], 1.0),
        ("choice", " 7", ["7"], 0.0),
        ("exact", "\n  pale  green \nand more", ["pale green"], 1.0),
        ("exact", "Pale green", ["pale green"], 0.0),
        ("exact", "pale green.", ["pale green"], 0.0),
        ("exact", "blue", ["pale green", "blue"], 1.0),
        ("exact", "", ["x"], 0.0),
        ("normalised", "Pale, green.\n", ["pale green"], 1.0),
        ("normalised", "pale green leaf", ["pale green"], 0.0),
        ("normalised", "--", ["--"], 1.0),
        ("normalised", "++", ["--"], 0.0),
        ("all", "1234 and 9876.", ["1234", "9876", "5555", "777"], 0.5),
        ("all", "a\nb", ["A", "B"], 1.0),
        ("any", "none of 12", ["1", "2"], 0.0),
        ("any", "it is 2", ["1", "2"], 1.0),
        ("number", "about 1,000.0 tons", ["1000"], 1.0),
        ("number", "12, not 13", ["13"], 0.0),
        ("number", "none", ["13"], 0.0),
        ("number", "-5", ["5"], 0.0),
        ("number", "5e3", ["5000"], 1.0),
        ("number", "\u22125", ["-5"], 1.0),
    ],
)
def test_scores(scoring, text, answers, score):
    assert score_text(scoring, text, answers) == score


@pytest.mark.parametrize(
    ("text", "number"),
    [("pages 10-20", "10"), (".5", "0.5"), ("3,14", "3"), ("item-5", "5"), ("$12.50.", "12.50"), ("12,345", "12345")],
)
def test_the_first_number(text, number):
    assert first_number(text) == Decimal(number)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fuzzy", "a", ["a"]), "scoring must be one of"),
        (("exact", "a", []), "answers must be at least one"),
        (("number", "7", ["7", "seven"]), "answers must hold a number each where scoring is number, got 'seven'"),
    ],
)
def test_what_cannot_be_scored_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        score_text(*arguments)


@pytest.mark.parametrize(
    ("scoring", "text", "decided"),
    [
        ("all", " 12", False),  # may become 123
        ("all", " 12 ", False),  # 34 is to come
        ("all", "12 34", False),
        ("all", "12 34\n", True),
        ("any", "12", False),
        ("any", "12, or", True),
        ("any", "13 and so on ", False),
        ("number", "12.", False),
        ("number", "12. T", True),
        ("number", "abc def ", False),
        ("exact", "\n12", False),
        ("exact", "\n12\n", True),
        ("normalised", "12 34", False),
    ],
)
def test_generation_stops_where_the_score_is_decided(scoring, text, decided):
    assert is_decided(scoring, text, ["12", "34"]) is decided


@given(
    scoring=st.sampled_from(["exact", "normalised", "all", "any", "number"]),
    text=st.text("12 ,.\na-", max_size=12),
    more=st.text("12 ,.\na-", max_size=6),
    answers=st.lists(st.sampled_from(["1", "2", "12", "1.2"]), min_size=1, max_size=3),
)
def test_what_is_decided_no_continuation_changes(scoring, text, more, answers):
    if is_decided(scoring, text, answers):
        assert score_text(scoring, text + more, answers) == score_text(scoring, text, answers)
