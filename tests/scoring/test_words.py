import pytest

from lh_eval.scoring.words import holds


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
