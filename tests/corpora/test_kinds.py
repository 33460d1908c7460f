"""What values of a column may be."""

import pytest

from lh_eval.corpora.kinds import NUMBER, TEXT, fields, list_of, one_of, parallel_lists, values_of
from lh_eval.errors import InputError


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (TEXT, ["", "a"], [None, 1, ["a"]]),
        (NUMBER, [0, -3], [None, True, 1.0, "1"]),
        (one_of("A", "B"), ["A"], ["C", "", None, ["A"]]),
        (list_of(TEXT), [[], ["a"]], ["a", None, [None], ["a", 1]]),
        (list_of(TEXT, least=1), [["a"]], [[]]),
        (fields(a=TEXT), [{"a": "x"}, {"a": "x", "b": None}], [{}, {"a": None}, {"b": "x"}, "a", ["a"]]),
        (parallel_lists(a=TEXT, b=NUMBER), [{"a": [], "b": []}, {"a": ["x"], "b": [1]}], [{"a": ["x"], "b": []}]),
        (values_of(TEXT), [{}, {"a": "x", "b": None}], [{"a": 1}, None, ["x"]]),
    ],
)
def test_what_fits(kind, right, wrong):
    assert all(map(kind.fits, right))
    assert not any(map(kind.fits, wrong))


def test_message():
    kind = parallel_lists(text=TEXT, answer_start=NUMBER)
    kind.check({"text": ["a"], "answer_start": [0]}, "answers", 3, "rows.jsonl")
    with pytest.raises(InputError) as error:
        kind.check("a" * 100, "answers", 3, "rows.jsonl")
    assert str(error.value) == (
        "column 'answers' must be fields 'text' (a list, each text) and 'answer_start' (a list, each a whole number), "
        f"of one length, got '{'a' * 59}... in row 3 of rows.jsonl; mend or drop that row"
    )
