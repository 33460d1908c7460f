"""The first number."""

import dataclasses
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from lh_eval.errors import InputError
from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import settled

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:[eE][-+]?\d+)?")

_ITEM = re.compile(r"\s*\(?\d{1,2}[.)]\s+")  # what numbers the first item of a list


@SCORINGS.register("number")
@dataclasses.dataclass(frozen=True)
class Number:
    """1 if the first number in the text equals the first one of an answer; `1,000.0` is `1000`, `1. 27` is `27`."""

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        wanted = [first_number(answer) for answer in answers]
        if None in wanted:
            raise InputError(
                f"answers must hold a number each where scoring is number, got {answers[wanted.index(None)]!r}; "
                "use any or exact"
            )
        return float(first_number(prediction) in wanted)

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether a number is there that does not number a list."""
        read = _normal(settled(text))
        return _NUMBER.search(read) is not None and not _ITEM.fullmatch(read)


def first_number(text: str) -> Decimal | None:
    """The first number of the text, its sign and thousands' commas read; None where there is none.

    A text that begins as a list does, `1. 27` or `1) 27`, says its first item.
    """
    read = _normal(text)
    item = _ITEM.match(read)
    match = item and _NUMBER.match(read, item.end())
    match = match or _NUMBER.search(read)
    return Decimal(match[0].replace(",", "")) if match else None


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-")
