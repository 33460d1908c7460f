"""What RULER's eight needle tasks share: records `the secret number of KEY is VALUE`, and the question for some.

Their files: niah_single.py, niah_multikey.py, niah_multivalue.py and niah_multiquery.py.
"""

import abc
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.haystack import RecordTemplate, draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.vocabulary import TextKind, draw_texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Taken = tuple[list[str], list[str]]


class Counts(NamedTuple):
    """keys: keys in the context; values: values of each; asked: keys that the question names, the first ones."""

    keys: int = 1
    values: int = 1
    asked: int = 1


class NiahTask(PlannedTask):
    """One of the eight: how many keys, values and questions, of which kind, and in which haystack."""

    key_kind: ClassVar[TextKind] = "word"
    value_kind: ClassVar[TextKind] = "number"

    def counts(self) -> Counts:
        """How many keys and values there are, and how many are asked for."""
        return Counts()

    @abc.abstractmethod
    def draw(self, tokenizer: "PreTrainedTokenizerBase", taken: Taken, n: int, rng: np.random.Generator) -> Filler:
        """Draw the haystack, without the keys and values that are taken."""

    @property
    def template(self) -> RecordTemplate:
        """The needle's text."""
        return RecordTemplate(f" The secret {self._noun} of", " is", ".", self.key_kind, self.value_kind)

    @property
    def _noun(self) -> str:
        return "number" if self.value_kind == "number" else "code"

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw keys and values; one draw where both are of one kind, so that no value is a key."""
        keys, values, asked = self.counts()
        if self.key_kind == self.value_kind:
            texts = draw_texts(rng, self.key_kind, keys + keys * values)
        else:
            texts = [*draw_texts(rng, self.key_kind, keys), *draw_texts(rng, self.value_kind, keys * values)]
        key_texts, value_texts = texts[:keys], texts[keys:]
        records = [self.template.text(key_texts[i // values], value) for i, value in enumerate(value_texts)]
        answers = tuple(value_texts[: asked * values])
        haystack: Callable[[int, np.random.Generator], Filler]
        haystack = functools.partial(self.draw, tokenizer, (key_texts, value_texts))
        return Plan(
            intro=f"Read the text below with care: it states secret {self._noun}s, and at its end you are asked "
            "for what it states.\n",
            needles=tuple(records[: len(answers)]),
            distractors=tuple(records[len(answers) :]),
            question=self._question(key_texts[:asked], several=len(answers) > 1),
            answers=answers,
            scoring="number" if self.value_kind == "number" and len(answers) == 1 else "all",
            haystack=haystack,
        )

    def _question(self, keys: list[str], *, several: bool) -> str:
        named = f"{', '.join(keys[:-1])} and {keys[-1]}" if len(keys) > 1 else keys[0]
        what = f"the secret {self._noun}{'s' if several else ''} of {named}"
        verb = "are" if several else "is"
        return f"\nWhat {verb} {what}, by the text above? By the text above, {what} {verb}"


class HaystackOption:
    """What tasks with a field `haystack` draw: that haystack."""

    haystack: str

    def draw(self, tokenizer: "PreTrainedTokenizerBase", taken: Taken, n: int, rng: np.random.Generator) -> Filler:  # noqa: ARG002
        """Draw the haystack of the option; no key or value lies in any of them."""
        return draw_haystack(self.haystack, tokenizer, n, rng)


def check_count(name: str, count: int, least: int, most: int) -> None:
    """Raise InputError unless an option's count is in its range."""
    if not least <= count <= most:
        raise InputError(f"{name} must be from {least} to {most}, got {count}")
