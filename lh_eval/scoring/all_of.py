"""The share of the answers."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import holds, settled


@SCORINGS.register("all")
@dataclasses.dataclass(frozen=True)
class AllOf:
    """Share of the answers that the text holds, each as whole words.

    Source: RULER's measure (Hsieh et al. 2024, arXiv:2404.06654), of words where it compares characters.
    """

    wants_all: ClassVar[bool] = True

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        return sum(holds(prediction, answer) for answer in answers) / len(answers)

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:
        """Whether all are there."""
        return self.score(settled(text), answers) == 1.0
