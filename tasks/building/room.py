"""How many tokens may be generated after a question."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.scoring.base import wants_all
from lh_eval.tasks.building.encoding import encode_all

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SLACK = 4  # tokens, at the start and for each answer, for what is none: "the", a colon, "and", a number in a list


def room_for(tokenizer: "PreTrainedTokenizerBase", answers: Sequence[str], scoring: str) -> int:
    """The tokens of the answer and some more: of all parts where all are asked for, else of the longest answer."""
    every = wants_all(scoring)
    wanted = [", ".join(answers)] if every else answers
    encoded = encode_all(tokenizer, [f" {text}" for text in wanted])
    return max(map(len, encoded)) + _SLACK * (1 + (len(answers) if every else 1))
