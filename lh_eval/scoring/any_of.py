"""One of the answers."""

import dataclasses
from collections.abc import Sequence

from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import holds, settled


@SCORINGS.register("any")
@dataclasses.dataclass(frozen=True)
class AnyOf:
    """1 if the text holds one of the answers as whole words."""

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        return float(any(holds(prediction, answer) for answer in answers))

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:
        """Whether one is there."""
        return self.score(settled(text), answers) == 1.0
