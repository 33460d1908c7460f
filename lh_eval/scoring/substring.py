"""RULER's comparison: characters, not words."""

import dataclasses
import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from lh_eval.scoring.base import SCORINGS


@SCORINGS.register("substring")
@dataclasses.dataclass(frozen=True)
class Substring:
    """Share of the answers that the text holds, letter for letter but for their case; or 1 if it holds one.

    Source: `string_match_all` and `string_match_part` of RULER (Hsieh et al. 2024, arXiv:2404.06654).

    Attributes:
        need: `all` gives the share, `one` gives 1 for any answer.
    """

    wants_all: ClassVar[bool] = True
    need: Literal["all", "one"] = "all"

    def score(self, prediction: str, answers: Sequence[str]) -> float:
        """Score a text; see `ScoringRule`."""
        text = re.sub(r"[\x00-\x1f]", "\n", prediction.strip()).strip().lower()
        found = [answer.lower() in text for answer in answers]
        return float(any(found)) if self.need == "one" else sum(found) / len(answers)

    def is_decided(self, text: str, answers: Sequence[str]) -> bool:
        """Whether nothing is left to be found: what is there stays there, whatever follows."""
        return self.score(text, answers) == 1.0
