"""The words of the first line."""

import dataclasses
from collections.abc import Sequence

from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import first_line, has_first_line, words


@SCORINGS.register("normalised")
@dataclasses.dataclass(frozen=True)
class Normalised:
    """1 if the words of the first line that is not empty are an answer's."""

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        line = first_line(prediction)
        return float(
            any(words(line) == words(answer) if words(answer) else line == answer.strip() for answer in answers)
        )

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the line has ended."""
        return has_first_line(text)
