"""The answer to the character."""

import dataclasses
from collections.abc import Sequence

from lh_eval.scoring.base import SCORINGS


@SCORINGS.register("choice")
@dataclasses.dataclass(frozen=True)
class Choice:
    """1 if the text is an answer, to the character: for samples whose answer is chosen, not generated."""

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        return float(prediction in answers)
