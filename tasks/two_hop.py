"""Two-hop needles: one says which locker is somebody's, another what opens it."""

import dataclasses
import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.vocabulary import PEOPLE, draw_texts
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@TASKS.register("two_hop")
@dataclasses.dataclass(frozen=True)
class TwoHop(PlannedTask):
    """A number in prose whose key is not in the question, but in another needle that the question leads to.

    Measures: whether what was retrieved can be the key to the next retrieval.
    Source: lh_eval; two supporting facts as in BABILong, Kuratov et al. 2024, arXiv:2406.10149.

    Attributes:
        distractors: further pairs of needles, about other people; they lie anywhere.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "two_hop"
    distractors: int = 3
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("distractors", self.distractors, 0, len(PEOPLE) - 1)

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw people, lockers and numbers; the first pair is asked for, its first needle lies at the depth."""
        pairs = 1 + self.distractors
        people = [PEOPLE[pick] for pick in rng.choice(len(PEOPLE), size=pairs, replace=False)]
        lockers, numbers = draw_texts(rng, "word", pairs), draw_texts(rng, "number", pairs)
        owners = [f" {person} rents locker {locker}." for person, locker in zip(people, lockers, strict=True)]
        codes = [f" Locker {locker} opens with {number}." for locker, number in zip(lockers, numbers, strict=True)]
        return Plan(
            intro="Read the text below with care: it tells of lockers, and at its end you are asked how to open one.\n",
            needles=(owners[0], codes[0]),
            distractors=(*owners[1:], *codes[1:]),
            question=f"\nWith which number can {people[0]} open the locker that they rent? The locker that "
            f"{people[0]} rents opens with",
            answers=(numbers[0],),
            scoring="number",
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
        )
