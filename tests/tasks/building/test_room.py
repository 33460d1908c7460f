import pytest

from lh_eval.tasks.building.room import room_for


@pytest.mark.parametrize(
    ("answers", "scoring", "tokens"),
    [
        (("abc",), "any", 4 + 8),
        (("abc", "abcdef"), "any", 7 + 8),  # any of them, the longest too
        (("1234567",), "number", 8 + 8),
        (("abc", "abcdef"), "all", len(" abc, abcdef") + 12),
    ],
)
def test_room_is_the_answers_tokens_and_some_more(tokenizers, answers, scoring, tokens):
    assert room_for(tokenizers["byte"], answers, scoring) == tokens


@pytest.mark.parametrize(("every", "tokens"), [(None, 7 + 8), (False, 7 + 8), (True, len(" abc, abcdef") + 12)])
def test_a_rule_of_another_package_may_want_all(tokenizers, bring_rule, every, tokens):
    bring_rule("mine", type("Mine", (), {} if every is None else {"wants_all": every}))
    assert room_for(tokenizers["byte"], ("abc", "abcdef"), "mine") == tokens
