"""A set of names against the set that is asked for."""

import dataclasses
import re
from collections.abc import Sequence
from typing import ClassVar

from lh_eval.scoring.base import SCORINGS
from lh_eval.scoring.words import first_line, has_first_line, words


@SCORINGS.register("f1")
@dataclasses.dataclass(frozen=True)
class F1:
    """F1 of the set of names in the first line that is not empty against the set of answers.

    Names are parted by commas, semicolons or `and`; brackets around them, case and repetition count for nothing.

    Source: GraphWalks' measure (OpenAI 2025, huggingface.co/datasets/openai/graphwalks).
    """

    wants_all: ClassVar[bool] = True

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        said = {" ".join(words(name)) for name in re.split(r"[,;]|\band\b", first_line(prediction))} - {""}
        wanted = {" ".join(words(answer)) for answer in answers}
        return 2 * len(said & wanted) / (len(said) + len(wanted))

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:  # noqa: ARG002
        """Whether the line has ended."""
        return has_first_line(text)
