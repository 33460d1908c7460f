"""Ancestral trace: who is the eldest that somebody descends from, told a parent at a time."""

import dataclasses
import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.vocabulary import PEOPLE
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@TASKS.register("ancestral_trace")
@dataclasses.dataclass(frozen=True)
class AncestralTrace(PlannedTask):
    """A line of descent in prose, a needle a generation and in no order; its eldest must be named.

    The needle that names the youngest lies at the depth, the others anywhere.

    Measures: a chain of retrievals of which each gives the next one's key; a step left out gives a wrong name.
    Source: NeedleBench's Ancestral Trace Challenge, Li et al. 2024, arXiv:2407.11963, in a haystack.

    Attributes:
        generations: steps from the youngest to the eldest.
        families: further lines of descent, as long, of other people.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "ancestral_trace"
    generations: int = 4
    families: int = 1
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("generations", self.generations, 1, len(PEOPLE) - 1)
        most = len(PEOPLE) // (self.generations + 1) - 1
        if not 0 <= self.families <= most:
            raise InputError(
                f"families must be from 0 to {most} with {self.generations} generations, got {self.families}; "
                "there are no more names"
            )

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw the lines; the first is asked for."""
        line = self.generations + 1
        people = [PEOPLE[pick] for pick in rng.choice(len(PEOPLE), size=line * (1 + self.families), replace=False)]
        steps = [
            f" {people[i]} is a child of {people[i + 1]}." for i in range(len(people)) if i % line < self.generations
        ]
        return Plan(
            intro="Read the text below with care: it tells whose child somebody is, and at its end you are asked for "
            "an ancestor.\n",
            needles=tuple(steps[: self.generations]),
            distractors=tuple(steps[self.generations :]),
            question=f"\nWho is the earliest ancestor of {people[0]} that the text leads to, from parent to parent? "
            f"The earliest ancestor of {people[0]} is",
            answers=(people[self.generations],),
            scoring="any",
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
        )
