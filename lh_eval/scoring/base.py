"""What a scoring rule is, and scoring by its name: texts alone, no model, so that stored rows can be judged again."""

import functools
from collections.abc import Sequence
from typing import Protocol, cast

from lh_eval.errors import InputError
from lh_eval.registry import Registry


class ScoringRule(Protocol):
    """Says how far a text answers; the first line of the class docstring says how in a sentence.

    Two more may be there, see `is_decided` and `wants_all`:

        def is_decided(self, text: str, answers: Sequence[str]) -> bool
        wants_all: ClassVar[bool]
    """

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text, from 0 to 1.

        Args:
            prediction: what the model said.
            answers: what is looked for, at least one.

        Raises:
            InputError: the answers do not suit the rule.
        """
        ...


SCORINGS: Registry[ScoringRule] = Registry("scoring", folder="lh_eval.scoring", group="lh_eval.scoring")


@functools.lru_cache(maxsize=256)
def get_rule(scoring: str) -> ScoringRule:
    """The rule of that name, such as `any`, with its options if it has some.

    Raises:
        InputError: no such rule, or a bad option; the message names the nearest.
    """
    return SCORINGS.build(scoring)


def score_text(scoring: str, prediction: str, answers: Sequence[str]) -> float:
    """Score what a model said, from 0 to 1.

    Args:
        scoring: a rule's name.
        prediction: the text.
        answers: what is looked for, at least one.

    Raises:
        InputError: no such scoring, no answers, answers that do not suit it, or a score that is none.
    """
    rule = get_rule(scoring)
    if not answers:
        raise InputError("answers must be at least one text, got none")
    score = rule.score(prediction, answers)
    if not 0 <= score <= 1:
        raise InputError(f"score of scoring {scoring!r} must be from 0 to 1, got {score!r}; mend the rule")
    return float(score)


def is_decided(scoring: str, text: str, answers: Sequence[str]) -> bool:
    """Whether no continuation of the text changes its score any more, as far as that is easily told.

    Only what lies before the last white space counts as read: a word or a number may still grow. A rule that does not
    say reads on.
    """
    decided = getattr(get_rule(scoring), "is_decided", None)
    return decided is not None and bool(decided(text, answers))


def wants_all(scoring: str) -> bool:
    """Whether a right text holds every answer, not one of them: then it is given room for all.

    A rule that does not say wants one.
    """
    return cast(bool, getattr(get_rule(scoring), "wants_all", False))
