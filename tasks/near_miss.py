"""Near misses: is it in the text at all, where what nearly is it always is."""

import dataclasses
import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.vocabulary import draw_texts
from lh_eval.tasks.confusable import CHANGES, draw_key, single_changes
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@TASKS.register("near_miss")
@dataclasses.dataclass(frozen=True)
class NearMiss(PlannedTask):
    """Records of crates in prose, and whether one of a given key is among them: 1 or 0, about half of the samples each.

    Where it is not, a record whose key differs in one character lies at the depth; further ones lie anywhere.

    Measures: whether a model says that something is not there, instead of the next best; one half is chance.
    Source: lh_eval; unanswerable questions beside plausible answers as in SQuAD 2.0, Rajpurkar et al. 2018,
        arXiv:1806.03822.

    Attributes:
        distractors: further records with a key nearly the same.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "near_miss"
    distractors: int = 4
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("distractors", self.distractors, 0, CHANGES - 1)

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw the key, whether it is there, and records of its changes."""
        key, there = draw_key(rng), bool(rng.integers(2))
        changed = single_changes(key)
        others = [changed[pick] for pick in rng.choice(len(changed), size=1 + self.distractors, replace=False)]
        keys = [key if there else others[0], *others[1:]]
        seals = draw_texts(rng, "number", len(keys))
        needle, *distractors = [f" Crate {name} has the seal {seal}." for name, seal in zip(keys, seals, strict=True)]
        return Plan(
            intro="Read the text below with care: it states the seals of crates, and at its end you are asked whether "
            "one is among them.\n",
            needles=(needle,),
            distractors=tuple(distractors),
            question=f"\nDoes the text above state the seal of crate {key}? 1 is yes and 0 is no. The answer is",
            answers=("1" if there else "0",),
            scoring="choice",
            choices=("0", "1"),
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
        )
