"""How near the first number is."""

import dataclasses
from collections.abc import Sequence

from lh_eval.errors import InputError
from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.number import Number, first_number


@SCORINGS.register("count")
@dataclasses.dataclass(frozen=True)
class Count(Number):
    """0.75 to the power of the distance of the first number in the text from that of the nearest answer.

    Source: OOLONG's numerical answers (Bertsch et al. 2025, arXiv:2511.02817).

    Attributes:
        base: the score of a number that is off by one.
    """

    base: float = 0.75

    def __post_init__(self) -> None:
        if not 0 < self.base < 1:
            raise InputError(f"base must be above 0 and below 1, got {self.base:g}")

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        wanted = [first_number(answer) for answer in answers]
        if None in wanted:
            raise InputError(
                f"answers must hold a number each where scoring is count, got {answers[wanted.index(None)]!r}; use any"
            )
        said = first_number(prediction)
        if said is None:
            return 0.0
        # beyond that distance it is 0 to many places, and a power of a long number is none
        return max(self.base ** min(float(abs(said - number)), 1000.0) for number in wanted if number is not None)
