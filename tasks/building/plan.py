"""From what a prompt is made of to its tokens: `[bos] intro haystack with needles, question`, the answer generated.

The haystack and all but the first needle are drawn without regard to the depth, which moves the first needle alone:
prompts of one trial at different depths are the same up to the first of their needles.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lh_eval.tasks.base import Sample, context_rng, sample_rng
from lh_eval.tasks.building.answer_prefix import prefix_of
from lh_eval.tasks.building.depth import depth_at, needle_position, position_at, share_at
from lh_eval.tasks.building.encoding import check_written, encode
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.placing import (
    VERSION,
    check_depth,
    check_length,
    leading_special_ids,
    place_answers,
    splice,
)
from lh_eval.tasks.building.room import room_for
from lh_eval.tasks.building.standing import standings
from lh_eval.tasks.building.versions import check_version

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What a prompt is made of.

    Attributes:
        intro: text before the haystack.
        needles: texts that hold the answers, each with the space before it; the first lies at the sample's depth.
        distractors: texts like them that do not.
        question: text that ends where " " and the answer follow; its last line or sentence begins the answer.
        answers: what is looked for in the generated text.
        scoring: how it is judged.
        haystack: draws n tokens.
        in_order: the needles lie anywhere, one behind the other, and the depth moves none.
        choices: what the answer is chosen from, a token each behind the question; none if it is generated.
    """

    intro: str
    needles: tuple[str, ...]
    distractors: tuple[str, ...] = ()
    question: str
    answers: tuple[str, ...]
    scoring: str
    haystack: Callable[[int, np.random.Generator], Filler]
    in_order: bool = False
    choices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedTask(abc.ABC):
    """A task that plans its prompts; subclasses are frozen dataclasses whose fields are their options.

    Attributes:
        version: 1 makes the samples of rows of before depths were held to the context.
        name: under which it is registered.
        uses_depth: the depth moves something; where it does not, each depth has samples of its own.
    """

    name: ClassVar[str]
    uses_depth: ClassVar[bool] = True
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.version, VERSION)

    @abc.abstractmethod
    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw what a prompt is made of."""

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        spec = spec_of(self.name, self)
        if self.uses_depth:
            rng = context_rng(spec, length=length, trial=trial, seed=seed)
        else:
            rng = sample_rng(spec, length=length, depth=depth, trial=trial, seed=seed)
        plan = self.plan(tokenizer, rng)
        return lay_out(tokenizer, plan, length=length, depth=depth, rng=rng, version=self.version)


def spec_of(name: str, task: Any) -> str:
    """A task's name with all its options but its version, those left at their defaults too."""
    fields = [field.name for field in dataclasses.fields(task) if field.name != "version"]
    options = [f"{name}={getattr(task, name)}" for name in fields]
    return f"{name}:{','.join(options)}"


def lay_out(
    tokenizer: "PreTrainedTokenizerBase",
    plan: Plan,
    *,
    length: int,
    depth: float,
    rng: np.random.Generator,
    version: int = VERSION,
) -> Sample:
    """Make the prompt of a plan, exactly `length` tokens; version 1 takes `depth` for a percent of the filler.

    Raises:
        InputError: a length or depth out of range, or a tokenizer that cannot write the answer.
    """
    check_depth(depth)
    check_length(length)
    head = [*leading_special_ids(tokenizer), *encode(tokenizer, plan.intro)]
    choice_ids: list[int] = []
    if plan.choices:
        question, choice_ids = place_answers(tokenizer, plan.question, plan.choices)
    else:
        question = encode(tokenizer, plan.question)
    inserted = [encode(tokenizer, text) for text in (*plan.needles, *plan.distractors)]
    # at least a token of haystack for each, so that hardly any two lie at one place
    least = len(head) + sum(map(len, inserted)) + len(question) + len(inserted)
    check_length(length, least)

    filler = plan.haystack(length - least + len(inserted), rng)
    inner = filler.boundaries[1:-1] if len(filler.boundaries) > 2 else filler.boundaries
    if version > 1 and len(inner) < len(inserted) and len(filler.finest) > 2:
        inner = filler.finest[1:-1]
    others = rng.choice(inner, size=len(inserted), replace=len(inner) < len(inserted))
    behind = False
    if plan.in_order:
        count = len(plan.needles)
        positions = [*np.sort(others[:count]).tolist(), *others[count:].tolist()]
    elif version == 1:
        positions = [position_at(filler, depth), *others[1:].tolist()]
    else:
        sizes = list(map(len, inserted))
        beside = list(zip(others[1:].tolist(), sizes[1:], strict=True))
        first, behind = needle_position(filler, beside, opening=len(head), size=sizes[0], depth=depth)
        positions = [first, *others[1:].tolist()]
    body, starts = splice(filler, list(zip(positions, inserted, strict=True)), behind=behind)
    spans = [(len(head) + start, len(head) + start + len(ids)) for start, ids in zip(starts, inserted, strict=True)]
    sample = generated_sample(
        tokenizer,
        context_ids=head + body,
        question_ids=question,
        answers=plan.answers,
        scoring=plan.scoring,
        spans=spans[: len(plan.needles)],
        opening=len(head),
        placed=not plan.in_order,
        stands=() if plan.choices else standings(plan.answers, [*plan.needles, plan.question]),
        prefix=prefix_of(plan.question),
    )
    if plan.choices:
        choices = list(plan.choices)
        sample = dataclasses.replace(sample, scoring="choice", choices=choices, choice_ids=choice_ids, max_new_tokens=0)
    return sample if version > 1 else dataclasses.replace(sample, depth=share_at(positions[0], filler, depth))


def generated_sample(
    tokenizer: "PreTrainedTokenizerBase",
    *,
    context_ids: list[int],
    question_ids: list[int],
    answers: tuple[str, ...],
    scoring: str,
    spans: list[tuple[int, int]],
    opening: int,
    stands: tuple[int, ...],
    prefix: str | None = None,
    placed: bool = True,
) -> Sample:
    """A sample whose answer is generated.

    Raises:
        InputError: what the tokenizer makes of an answer is not the answer any more.
    """
    answer = ", ".join(answers)
    check_written(tokenizer, answer)
    return Sample(
        context_ids=context_ids,
        question_ids=question_ids,
        answer=answer,
        answers=answers,
        scoring=scoring,
        max_new_tokens=room_for(tokenizer, answers, scoring),
        needle_start=spans[0][0],
        needle_end=spans[0][1],
        spans=tuple(spans),
        depth=depth_at(spans[0][0], len(context_ids)),
        opening=opening,
        placed=placed,
        stands=stands,
        prefix=prefix,
    )
