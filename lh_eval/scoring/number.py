"""The first number."""

import dataclasses
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from lh_eval.errors import InputError
from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import settled

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?(?:[eE][-+]?\d+)?")


@SCORINGS.register("number")
@dataclasses.dataclass(frozen=True)
class Number:
    """1 if the first number in the text equals the first one of an answer; `1,000.0` is `1000`."""

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
        """Whether a number is there."""
        return _NUMBER.search(settled(text)) is not None


def first_number(text: str) -> Decimal | None:
    """The first number of the text, its sign and thousands' commas read; None where there is none."""
    match = _NUMBER.search(unicodedata.normalize("NFKC", text).replace("\u2212", "-"))
    return Decimal(match[0].replace(",", "")) if match else None
