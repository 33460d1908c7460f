"""Confusable keys: records whose keys differ from the asked one in a single character."""

import dataclasses
import functools
import string
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.vocabulary import draw_texts
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SHAPE = (string.ascii_uppercase, string.ascii_uppercase, *[string.digits] * 4)
CHANGES = sum(len(symbols) - 1 for symbols in _SHAPE)


def draw_key(rng: np.random.Generator) -> str:
    """A key, such as `QX4071`."""
    return "".join(symbols[rng.integers(len(symbols))] for symbols in _SHAPE)


def single_changes(key: str) -> list[str]:
    """The `CHANGES` keys that differ from it in one character."""
    return [
        key[:place] + symbol + key[place + 1 :]
        for place, symbols in enumerate(_SHAPE)
        for symbol in symbols
        if symbol != key[place]
    ]


@TASKS.register("confusable")
@dataclasses.dataclass(frozen=True)
class Confusable(PlannedTask):
    """One number in prose, picked by a key from which those of the others differ in one character.

    Measures: whether the key is compared to its last character, or only looks familiar.
    Source: lh_eval; the distractors are a hard case of RULER's MK-NIAH, arXiv:2404.06654.

    Attributes:
        distractors: records with a key nearly the same; they lie anywhere.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "confusable"
    distractors: int = 8
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("distractors", self.distractors, 0, CHANGES)

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw the key, and as many of its single changes as are wanted."""
        key = draw_key(rng)
        changed = single_changes(key)
        others = [changed[pick] for pick in rng.choice(len(changed), size=self.distractors, replace=False)]
        numbers = draw_texts(rng, "number", 1 + self.distractors)
        needle, *distractors = [
            f" Crate {name} has the seal {number}." for name, number in zip([key, *others], numbers, strict=True)
        ]
        return Plan(
            intro="Read the text below with care: it states the seals of crates, and at its end you are asked for one."
            "\n",
            needles=(needle,),
            distractors=tuple(distractors),
            question=f"\nWhich seal does crate {key} have? Crate {key} has the seal",
            answers=(numbers[0],),
            scoring="number",
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
        )
