"""RULER's variable tracking: chains of assignments, all names of one value asked for."""

import dataclasses
import functools
import string
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_LETTERS = 5
_QUESTION = (
    "\nWhich variables have the value {value}, set so themselves or through another variable? "
    "The variables that have the value {value} are"
)


@TASKS.register("vt")
@dataclasses.dataclass(frozen=True)
class VariableTracking(PlannedTask):
    """A number passed on from variable to variable, in noise; all variables that hold it must be named.

    Measures: following a chain of references over the whole context; the depth moves nothing.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.2 (variable tracking).

    As there, the prompt begins with a worked example: a chain of as many hops, whose variables and number do not occur
    again, its question and its answer.

    Attributes:
        chains: chains in the context, the first one asked for; each passes on a number of its own.
        hops: how often a chain's number is passed on; it then has one variable more.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "vt"
    uses_depth: ClassVar[bool] = False
    chains: int = 1
    hops: int = 4
    haystack: str = "noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("chains", self.chains, 1, 100)
        check_count("hops", self.hops, 0, 100)

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw the chains."""
        size = self.hops + 1
        letters = string.ascii_uppercase
        # the last chain is the example's
        codes = rng.choice(len(letters) ** _LETTERS, size=(self.chains + 1) * size, replace=False)
        digits = codes[:, None] // len(letters) ** np.arange(_LETTERS) % len(letters)
        names = ["".join(letters[digit] for digit in row) for row in digits]
        values = 10_000 + rng.choice(90_000, size=self.chains + 1, replace=False)
        texts = [
            f" VAR {name} = {f'VAR {names[i - 1]}' if i % size else values[i // size]}." for i, name in enumerate(names)
        ]
        example = f"{''.join(texts[-size:])}{_QUESTION.format(value=values[-1])} {', '.join(names[-size:])}."
        return Plan(
            intro="Read the texts below with care: each sets variables, and at its end you are asked for values.\n"
            f"\nAn example:\n{example}\n\nThe text that you are asked about:\n",
            needles=tuple(texts[:size]),
            distractors=tuple(texts[size:-size]),
            question=_QUESTION.format(value=values[0]),
            answers=tuple(names[:size]),
            scoring="all",
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
            in_order=True,
        )
