"""Rules by name, ours and a plug-in's; and that a text which is decided stays so."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.scoring.base import SCORINGS, is_decided, score_text, wants_all


def test_each_rule_has_a_sentence():
    assert SCORINGS.names() == ["all", "any", "choice", "count", "exact", "f1", "normalised", "number", "substring"]
    assert all(SCORINGS.get(name).__doc__.splitlines()[0].endswith(".") for name in SCORINGS.names()[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fuzzy", "a", ["a"]), "scoring must be one of all, any, choice, .*, got 'fuzzy'"),
        (("exakt", "a", ["a"]), "got 'exakt'; did you mean 'exact'"),
        (("exact", "a", []), "answers must be at least one"),
    ],
)
def test_what_cannot_be_scored_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        score_text(*arguments)


@dataclasses.dataclass(frozen=True)
class Prefix:
    """1 if the text begins as an answer does."""

    letters: int = 1

    def score(self, prediction, answers):
        return prediction[: self.letters] in [answer[: self.letters] for answer in answers]


@pytest.fixture
def plugin(bring_rule):
    bring_rule("prefix", Prefix)


@pytest.mark.usefixtures("plugin")
def test_a_rule_of_another_package():
    assert score_text("prefix", "abc", ["axe", "b"]) == 1.0
    assert score_text("prefix:letters=2", "abc", ["axe"]) == 0.0
    assert type(score_text("prefix", "abc", ["b"])) is float
    assert not is_decided("prefix", "abc ", ["axe"])
    assert wants_all("prefix") is False
    assert wants_all("all") is True
    assert score_text("any", "a b", ["b"]) == 1.0


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("score", [float("nan"), 1.5, -0.5])
def test_a_score_that_is_none_is_refused(monkeypatch, score):
    monkeypatch.setattr(Prefix, "score", lambda *_: score)
    with pytest.raises(InputError, match=f"score of scoring 'prefix' must be from 0 to 1, got {score}"):
        score_text("prefix", "abc", ["axe"])


@given(
    scoring=st.sampled_from(["exact", "normalised", "all", "any", "number", "count", "f1", "substring"]),
    text=st.text("12 ,.\na-", max_size=12),
    more=st.text("12 ,.\na-", max_size=6),
    answers=st.lists(st.sampled_from(["1", "2", "12", "1.2"]), min_size=1, max_size=3),
)
def test_what_is_decided_no_continuation_changes(scoring, text, more, answers):
    if is_decided(scoring, text, answers):
        assert score_text(scoring, text + more, answers) == score_text(scoring, text, answers)
