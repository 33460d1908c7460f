"""The first line as it stands."""

import dataclasses
from collections.abc import Sequence

from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import first_line, has_first_line


@SCORINGS.register("exact")
@dataclasses.dataclass(frozen=True)
class Exact:
    """1 if the first line that is not empty is an answer; only the space around and between words is free."""

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        return float(first_line(prediction) in [" ".join(answer.split()) for answer in answers])

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the line has ended."""
        return has_first_line(text)
