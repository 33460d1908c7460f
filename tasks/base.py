"""What a task is, and what a sample of it holds. Tasks know tokenizers but no model."""

import contextlib
import contextvars
import dataclasses
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lh_eval.errors import InputError
from lh_eval.registry import Registry

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    """One prompt as token ids, with its answer and the place of its needle.

    Samples whose contexts are equal are read once and asked one after the other, so a task with several questions a
    context makes a sample of each.

    Attributes:
        context_ids: tokens that are prefilled; under Lighthouse, by it.
        question_ids: tokens that follow and attend densely; both together are exactly `length` tokens, see `reserved`.
        answer: the right answer as text; where there are several, all of them, separated by ", ".
        answers: the parts of it that are looked for, one for each needle; `(answer,)` if not given.
        scoring: "choice" takes the likeliest of `choices`; else the model generates, and the scoring rule of that name
            judges the text: "exact", "all", "any", "number", ... or one of a plug-in; see `lh_eval.scoring`.
        choices: for "choice", the answers to choose from, the right one among them; one token each after the question.
        choice_ids: [len(choices)] the token of each choice.
        max_new_tokens: most tokens that are generated; 0 for "choice".
        needle_start: index of the (first) needle's first token in the prompt.
        needle_end: index after its last token.
        spans: start and end of every needle, the first one's too; that one if not given.
        depth: true depth in percent of the context where the needle starts.
        opening: tokens ahead of all that a needle may lie in: those that begin a text, and the task's introduction.
        placed: whether the depth that was asked for places the needle; it does not where needles lie anywhere, nor
            where there is no context.
        stands: of each of `answers`, how often it stands behind the opening as words of its own; () where what stands
            in a text is the text's affair.
        template: start and end of what a chat template writes behind the question, whose special tokens are meant.
        thinking: most tokens of a thought ahead of a generated answer; 0 where there is none.
        thought_end: tokens that end a thought.
        removed: of a control, the tokens that its needle would take; None for what is none. An answer may not be there.
        prefix: the end of the question's text that begins the answer, the white space ahead of it too, such as
            ` The pass key is`: it follows the assistant's header in a chat and is lm-eval's `gen_prefix`. None where
            the task does not say, `` where all of the question asks.
        reserved: None where the prompt has exactly the length that was asked for; else that length is RULER's, a limit
            from which so many tokens are kept for the answer.
    """

    context_ids: list[int]
    question_ids: list[int]
    answer: str
    answers: tuple[str, ...] = ()
    scoring: str = "choice"
    choices: list[str] = dataclasses.field(default_factory=list)
    choice_ids: list[int] = dataclasses.field(default_factory=list)
    max_new_tokens: int = 0
    needle_start: int
    needle_end: int
    spans: tuple[tuple[int, int], ...] = ()
    depth: float
    opening: int = 0
    placed: bool = True
    stands: tuple[int, ...] = ()
    removed: int | None = None
    template: tuple[int, int] = (0, 0)
    thinking: int = 0
    thought_end: tuple[int, ...] = ()
    prefix: str | None = None
    reserved: int | None = None

    def __post_init__(self) -> None:
        if not self.answers:
            object.__setattr__(self, "answers", (self.answer,))
        if not self.spans:
            object.__setattr__(self, "spans", ((self.needle_start, self.needle_end),))

    @property
    def prompt_ids(self) -> list[int]:
        """The whole prompt."""
        return self.context_ids + self.question_ids

    @property
    def prompt_sha256(self) -> str:
        """Hash of the prompt's token ids (little-endian int64)."""
        return hashlib.sha256(np.asarray(self.prompt_ids, dtype="<i8").tobytes()).hexdigest()


class Task(Protocol):
    """Makes samples; the first line of the class docstring is what `lh-eval tasks` lists.

    A task that asks several questions about each context says how many in an attribute `questions`: trial t is question
    t % questions of context t // questions. One whose samples are others than those of an earlier release says so in an
    attribute `version`, 1 if there is none; where that is an option, earlier ones can still be made.
    """

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample, the same for the same arguments whatever was made before.

        Args:
            tokenizer: a transformers tokenizer.
            length: tokens of context and question together.
            depth: where the needle starts, in percent of the context; see `tasks.building.depth`.
            trial: number of the sample within its (length, depth) cell.
            seed: seed of the whole run.

        Raises:
            InputError: the length does not hold the needle, or the tokenizer cannot place the answer.
        """
        ...


TASKS: Registry[Task] = Registry("task", folder="lh_eval.tasks", group="lh_eval.tasks")


def canonical_task(spec: str) -> str:
    """The canonical text of a task's spec, so that `keyed` and `keyed:records=8` are one; an unknown one as it is."""
    try:
        return TASKS.spec(spec)
    except InputError:
        return spec


def get_task(spec: str) -> Task:
    """The task of that name, such as `passkey` or `keyed:records=8`.

    Raises:
        InputError: no such task, or a bad option; the message names the nearest.
    """
    return TASKS.build(spec)


def version_of(task: Task) -> int:
    """The version of a task's samples: its attribute `version`, 1 where it has none."""
    version = getattr(task, "version", 1)
    return version if type(version) is int else 1


def task_as_of(spec: str, version: int) -> Task:
    """The task of that name as it was in a version, so that rows of before a change can be made again.

    Raises:
        InputError: as `get_task`, or the task cannot make samples of that version any more.
    """
    task = get_task(spec)
    if version_of(task) == version:
        return task
    if not dataclasses.is_dataclass(task) or "version" not in {field.name for field in dataclasses.fields(task)}:
        raise InputError(
            f"version of {spec} must be {version_of(task)}, got {version}; the release that ran them makes its samples"
        )
    return dataclasses.replace(task, version=version)


def questions_of(task: Task) -> int:
    """Trials in a row that ask about one context: the task's `questions`, 1 where it has none."""
    questions = getattr(task, "questions", 1)
    return questions if type(questions) is int and questions > 0 else 1


_drawn_as: contextvars.ContextVar[tuple[int, float] | None] = contextvars.ContextVar("drawn_as", default=None)


@contextlib.contextmanager
def drawn_as(length: int, depth: float) -> Iterator[None]:
    """Samples that are made within draw as those of this length and depth do, whatever theirs are.

    So a task that wraps another, and leaves it less room, asks what the other asks by itself.
    """
    token = _drawn_as.set((length, depth))
    try:
        yield
    finally:
        _drawn_as.reset(token)


def sample_rng(task: str, *, length: int, depth: float, trial: int, seed: int) -> np.random.Generator:
    """The random generator of one sample: a function of these five and of nothing else, but within `drawn_as`."""
    length, depth = _drawn_as.get() or (length, depth)
    text = f"{task}|{length}|{float(depth)!r}|{trial}|{seed}"
    return np.random.default_rng(np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32))


def context_rng(task: str, *, length: int, trial: int, seed: int) -> np.random.Generator:
    """The random generator of what samples of all depths have in common; it knows no depth."""
    length, _ = _drawn_as.get() or (length, 0.0)
    text = f"{task}|{length}|{trial}|{seed}"
    return np.random.default_rng(np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint32))
