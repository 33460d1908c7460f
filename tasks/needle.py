"""A needle of the user's own: its sentence, its question and its answer."""

import dataclasses
import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.standing import times_standing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@TASKS.register("needle")
@dataclasses.dataclass(frozen=True)
class Needle(PlannedTask):
    """One sentence in prose and a question about it, of your own: `niah --needle ... --question ... --answer ...`.

    The needle is the same in all samples; the trials differ in the haystack around it.

    Measures: retrieval of that sentence; where its answer can be guessed from the question, that too.
    Source: the needle in a haystack, Kamradt 2023, whose sentence is the default.

    Attributes:
        needle: the sentence, which holds the answer.
        question: what is asked; it ends where the answer follows.
        answer: what a right text holds.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "needle"
    needle: str = "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."
    question: str = "What is the best thing to do in San Francisco? The best thing to do in San Francisco is"
    answer: str = "eat a sandwich and sit in Dolores Park on a sunny day"
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        for option in ("needle", "question", "answer"):
            if not getattr(self, option).strip():
                raise InputError(f"{option} must be a text, got an empty one")
        if not times_standing(self.answer, self.needle):
            raise InputError(f"answer must stand in the needle as whole words, got {self.answer!r}; take it from there")

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:  # noqa: ARG002
        """Nothing is drawn but the haystack."""
        return Plan(
            intro="Read the text below with care: at its end you are asked about it.\n",
            needles=(f" {self.needle.strip()}",),
            question=f"\n{self.question.strip()}",
            answers=(self.answer.strip(),),
            scoring="any",
            haystack=functools.partial(draw_haystack, self.haystack, tokenizer),
        )


def own_needle(task: str | None, *, needle: str | None, question: str | None, answer: str | None) -> str | None:
    """The spec of a needle of these texts; the task as it is where none is given.

    Raises:
        InputError: some are given and not all, or another task too, or a text has brackets that are not closed.
    """
    texts = {"needle": needle, "question": question, "answer": answer}
    given = {name: text for name, text in texts.items() if text is not None}
    if not given:
        return task
    if missing := [f"--{name}" for name in texts if name not in given]:
        raise InputError(f"needle, question and answer must be given together, got no {', '.join(missing)}; add it")
    if task is not None:
        raise InputError(f"task must be left out with a needle of your own, got {task!r}; leave --task out")
    return str(TASKS.spec("needle:" + ",".join(f"{name}=[{text}]" for name, text in given.items())))
