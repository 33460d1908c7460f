"""How far a text answers: plain text and numbers, no model, so that stored rows can be scored again.

Words are compared, not characters: after Unicode's NFKC and case folding a word is a run of letters, digits and
underscores, with an apostrophe between letters, or a number with the points and commas inside it. Everything else
separates words and is ignored. So `7` is found in `(7).` but neither in `17` nor in `3.7`.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import get_args

from lh_eval.errors import InputError, unknown_name
from lh_eval.tasks.base import Scoring

SCORINGS: tuple[str, ...] = get_args(Scoring)

_WORD = re.compile(r"\d+(?:[.,]\d+)+(?!\w)|\w+(?:['’]\w+)*")
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:[eE][-+]?\d+)?")


def score_text(scoring: str, prediction: str, answers: Sequence[str]) -> float:
    """Score what a model said, from 0 to 1.

    - `choice`: the text is an answer, to the character.
    - `exact`: the first line that is not empty is an answer; only the space around and between words is free.
    - `normalised`: the words of that line are an answer's.
    - `all`: the share of the answers that the text holds, each as whole words (RULER's measure, but for the words).
    - `any`: 1 if the text holds one of them.
    - `number`: the first number in the text equals the first one of an answer; `1,000.0` is `1000`.

    Args:
        scoring: one of `SCORINGS`.
        prediction: the text.
        answers: what is looked for, at least one.

    Raises:
        InputError: no such scoring, no answers, or an answer without a number where numbers are compared.
    """
    if scoring not in _RULES:
        raise unknown_name("scoring", scoring, SCORINGS)
    if not answers:
        raise InputError("answers must be at least one text, got none")
    return _RULES[scoring](prediction, answers)


def is_decided(scoring: str, text: str, answers: Sequence[str]) -> bool:
    """Whether no continuation of the text changes its score any more, as far as that is easily told.

    Only what lies before the last white space counts as read: a word or a number may still grow.
    """
    if scoring in ("exact", "normalised"):
        return "\n" in text.lstrip()
    settled = re.sub(r"\S+\Z", "", text)
    match scoring:
        case "number":
            return _NUMBER.search(settled) is not None
        case "all" | "any":
            return score_text(scoring, settled, answers) == 1.0
        case _:
            return False


def words(text: str) -> list[str]:
    """The text's words as they are compared; see the module's docstring."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def holds(text: str, answer: str) -> bool:
    """Whether the answer's words follow one another in the text; an answer without a word is looked for literally."""
    wanted = words(answer)
    if not wanted:
        return bool(answer.strip()) and answer.strip() in text
    found = words(text)
    return any(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1))


def first_number(text: str) -> Decimal | None:
    """The first number of the text, its sign and thousands' commas read; None where there is none."""
    match = _NUMBER.search(unicodedata.normalize("NFKC", text).replace("\u2212", "-"))
    return Decimal(match[0].replace(",", "")) if match else None


def _first_line(text: str) -> str:
    return " ".join((text.strip().splitlines() or [""])[0].split())


def _exact(prediction: str, answers: Sequence[str]) -> float:
    return float(_first_line(prediction) in [" ".join(answer.split()) for answer in answers])


def _normalised(prediction: str, answers: Sequence[str]) -> float:
    line = _first_line(prediction)
    return float(any(words(line) == words(answer) if words(answer) else line == answer.strip() for answer in answers))


def _number(prediction: str, answers: Sequence[str]) -> float:
    wanted = [first_number(answer) for answer in answers]
    if None in wanted:
        raise InputError(
            f"answers must hold a number each where scoring is number, got {answers[wanted.index(None)]!r}; "
            "use any or exact"
        )
    return float(first_number(prediction) in wanted)


_RULES: dict[str, Callable[[str, Sequence[str]], float]] = {
    "choice": lambda prediction, answers: float(prediction in answers),
    "exact": _exact,
    "normalised": _normalised,
    "all": lambda prediction, answers: sum(holds(prediction, answer) for answer in answers) / len(answers),
    "any": lambda prediction, answers: float(any(holds(prediction, answer) for answer in answers)),
    "number": _number,
}
