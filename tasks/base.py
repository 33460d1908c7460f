"""What a task is, and what a sample of it holds. Tasks know tokenizers but no model."""

import dataclasses
import hashlib
from typing import Any, Protocol

import numpy as np

from lh_eval.registry import Registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    """One prompt as token ids, with its answer and the place of its needle.

    Attributes:
        context_ids: tokens that are prefilled; under Lighthouse, by it.
        question_ids: tokens that follow and attend densely; both together are exactly `length` tokens.
        answer: the right answer as text.
        choices: the answers to choose from, the right one among them; one token each after the question.
        choice_ids: [len(choices)] the token of each choice.
        needle_start: index of the needle's first token in the prompt.
        needle_end: index after its last token.
        depth: true depth in percent of the context where the needle starts.
    """

    context_ids: list[int]
    question_ids: list[int]
    answer: str
    choices: list[str]
    choice_ids: list[int]
    needle_start: int
    needle_end: int
    depth: float

    @property
    def prompt_ids(self) -> list[int]:
        """The whole prompt, `length` tokens."""
        return self.context_ids + self.question_ids

    @property
    def prompt_sha256(self) -> str:
        """Hash of the prompt's token ids (little-endian int64)."""
        return hashlib.sha256(np.asarray(self.prompt_ids, dtype="<i8").tobytes()).hexdigest()


class Task(Protocol):
    """Makes samples; the first line of the class docstring is what `lh-eval tasks` lists."""

    def sample(self, tokenizer: Any, *, length: int, depth: float, trial: int, seed: int = 0) -> Sample:
        """Make one sample, the same for the same arguments whatever was made before.

        Args:
            tokenizer: a transformers tokenizer.
            length: tokens of context and question together.
            depth: where the needle starts, in percent of the context's filler.
            trial: number of the sample within its (length, depth) cell.
            seed: seed of the whole run.

        Raises:
            InputError: the length does not hold the needle, or the tokenizer cannot place the answer.
        """
        ...


TASKS: Registry[Task] = Registry("task", folder="lh_eval.tasks", group="lh_eval.tasks")


def get_task(spec: str) -> Task:
    """The task of that name, such as `passkey` or `keyed:records=8`.

    Raises:
        InputError: no such task, or a bad option; the message names the nearest.
    """
    return TASKS.build(spec)


def sample_rng(task: str, *, length: int, depth: float, trial: int, seed: int) -> np.random.Generator:
    """The random generator of one sample: a function of these five and of nothing else."""
    text = f"{task}|{length}|{float(depth)!r}|{trial}|{seed}"
    return np.random.default_rng(np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32))
