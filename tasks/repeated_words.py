"""Repeated words: one word over and over, and one that is nearly the same."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.pools import pool_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# the second begins as the first does, so that no cut of the first is the second
_PAIRS = (
    ("lantern", "lanterns"), ("pebble", "pebbled"), ("harbor", "harbors"), ("orchard", "orchids"),
    ("copper", "coppery"), ("meadow", "meadows"), ("marble", "marbled"), ("ribbon", "ribbons"),
    ("garden", "gardens"), ("silver", "silvery"), ("kettle", "kettles"), ("window", "windows"),
)  # fmt: skip


@TASKS.register("repeated_words")
@dataclasses.dataclass(frozen=True)
class RepeatedWords(PlannedTask):
    """One word over and over and, at the depth, one that differs from it in its ending; that one must be named.

    Measures: noticing a difference where all the context is alike and nothing in the question is a key to it.
    Source: the repeated words of Context Rot, Hong, Troynikov and Huber 2025 (Chroma); there the text is to be copied,
        here the word is asked for, which stays the same work at any length.
    """

    name: ClassVar[str] = "repeated_words"
    haystack: ClassVar[str] = "needles"

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw the pair, and which ending is the common one."""
        common, unique = _PAIRS[rng.integers(len(_PAIRS))]

        def haystack(n: int, rng: np.random.Generator) -> Filler:  # noqa: ARG001
            pool = pool_of(tokenizer, f"the word {common!r}", lambda: [f" {common}"])
            ids, starts = pool.join(np.zeros(1 + n // len(pool.ids), dtype=np.int64))
            return Filler(ids[:n], np.append(starts[starts < n], n))

        return Plan(
            intro="Read the words below with care: all but one are the same, and at their end you are asked for it.\n",
            needles=(f" {unique}",),
            question=f"\nWhich word above is not {common}? The one word that is not {common} is",
            answers=(unique,),
            scoring="any",
            haystack=haystack,
        )
