"""Questions about a real document: one of its parts at a depth, with what stands around it, to an exact length.

The text is a circle of units (sentences, statements, entries). A `Group` is a run of units that several questions are
about; it is put at the depth, and the filler is the text itself, what comes before the group and what comes after.
The questions of one group share their context, token for token: what a shorter question leaves of the length is more of
the text, ahead of it. Where the group is so large a part of the context that a question's needle would not lie at the
depth, each of its questions has a context of its own instead, about the units that answer it.
"""

import dataclasses
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lh_eval.errors import InputError
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.scoring.base import wants_all
from lh_eval.tasks.base import Sample, sample_rng
from lh_eval.tasks.building.answer_prefix import last_line
from lh_eval.tasks.building.depth import depth_at, points_off
from lh_eval.tasks.building.encoding import encode_all
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.room import room_for
from lh_eval.tasks.building.units import Units, units_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Item(NamedTuple):
    """A question.

    units: the units that answer it, in ascending order.
    question: text that ends where the answer follows; its last line begins the answer.
    answers: the right answers, the first of which is recorded; for "all", the parts of the one right answer.
    scoring: how the answer is judged.
    """

    units: tuple[int, ...]
    question: str
    answers: tuple[str, ...]
    scoring: str = "any"


class Group(NamedTuple):
    """Units first..last, and the questions about them."""

    first: int
    last: int
    items: tuple[Item, ...]


class Document(NamedTuple):
    """A text, cut into units, with its questions in groups, each for a context of its own."""

    units: Sequence[str]
    groups: Sequence[Group]


def gather_items(items: Sequence[Item], units: Sequence[str], questions: int, most: int) -> list[Group]:
    """Put neighbouring questions together, `questions` in a group of at most `most` characters.

    Args:
        items: in the order of their units.
        units: the text.
        questions: questions of each group.
        most: characters of a group; questions too far from the next are left out.
    """
    groups, start = [], 0
    while start + questions <= len(items):
        taken = items[start : start + questions]
        first, last = taken[0].units[0], taken[-1].units[-1]
        if sum(map(len, units[first : last + 1])) <= most:
            groups.append(Group(first, last, tuple(taken)))
            start += questions
        else:
            start += 1
    return groups


def shown_answer(answers: Sequence[str], scoring: str) -> str:
    """The answer as a sample shows it: all parts where all are asked for, else the first."""
    return ", ".join(answers) if wants_all(scoring) else answers[0]


def cell_name(task: Any) -> str:
    """A task and the options that decide which questions it asks: what its random generator is named after.

    Neither a control's options nor the place of its data, whose contents are hashed elsewhere.
    """
    left_out = ("closed_book", "files", "revision", "haystack")
    kept = [field.name for field in dataclasses.fields(task) if field.name not in left_out]
    return ",".join([type(task).__name__, *(f"{name}={getattr(task, name)}" for name in kept)])


@dataclasses.dataclass(frozen=True)
class _Encoded:
    """A document as token ids: its units, the questions of each group, and what every group fits into."""

    units: Units
    questions: list[list[list[int]]]
    least: int

    def near(self, group: Group, questions: int, head: int, before: int, context: int, depth: float) -> bool:
        """Whether the needle of each of a group's questions is near a depth, `before` tokens ahead of the group."""
        units = [item.units[0] for item in group.items[:questions]]
        starts = self.units.bounds[units]
        places = head + before + starts - self.units.bounds[group.first]
        sizes = self.units.bounds[[unit + 1 for unit in units]] - starts
        return bool(
            (points_off(places, size=sizes, opening=head, context=context, depth=depth) <= DEPTH_TOLERANCE).all()
        )


_encoded: weakref.WeakKeyDictionary[Any, dict["DocumentTask", _Encoded]] = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class DocumentTask:
    """What tasks about a document share: trial t is question t % questions of context t // questions.

    The contexts of a cell are distinct, in an order that depends on the task, length, depth and seed.

    Attributes:
        questions: questions that share a context.
        closed_book: 1 leaves the context out, the control: the prompt is the question alone, shorter than `length`, and
            its needle no token. What is answered then was known before.
    """

    version: ClassVar[int] = 2
    questions: int = 4
    closed_book: int = 0

    def __post_init__(self) -> None:
        if self.questions < 1:
            raise InputError(f"questions must be from 1 on, got {self.questions}")
        if self.closed_book not in (0, 1):
            raise InputError(f"closed_book must be 0 or 1, got {self.closed_book}")

    def document(self) -> Document:
        """The text and its questions, the same object for the same options."""
        raise NotImplementedError

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make the prompt `[bos] text group text question`; arguments and errors as in `Task.sample`.

        Raises:
            InputError: also for a trial beyond the questions that there are.
        """
        check_depth(depth)
        groups = self.document().groups
        turn, which = divmod(trial, self.questions)
        if turn >= len(groups):
            most = len(groups) * self.questions
            raise InputError(
                f"trial must be below {most}, as many questions as {type(self).__name__} has, got {trial}; "
                f"take at most {most} trials"
            )
        opened = dataclasses.replace(self, closed_book=0)  # the control asks the same questions in the same order
        order = sample_rng(cell_name(self), length=length, depth=depth, trial=0, seed=seed).permutation(len(groups))
        group, encoded = groups[order[turn]], opened._encode(tokenizer)
        questions = encoded.questions[order[turn]]
        head = leading_special_ids(tokenizer)
        if self.closed_book:
            ids = head + questions[which]
            start = max(1, len(head))
            nowhere = ((start, start),)
            sample = self._sample(tokenizer, group.items[which], ids[:start], ids[start:], nowhere, len(head))
            return dataclasses.replace(sample, depth=float(depth), placed=False, removed=0)

        least = len(head) + encoded.least
        check_length(length, least)
        longest = max(map(len, questions))
        first, last = group.first, group.last
        size = encoded.units.size(first, last)
        room = length - len(head) - size - longest
        before = round(room * depth / 100)
        if not encoded.near(group, self.questions, len(head), before, length - longest, depth):
            first, last = min(group.items[which].units), max(group.items[which].units)
            size = encoded.units.size(first, last)
            room = length - len(head) - size - longest
            wanted = room if depth == 100 else round((length - longest) * depth / 100) - len(head)
            before = min(max(0, wanted), room)
        after, slack = room - before, longest - len(questions[which])
        left, middle, right = encoded.units.around(first, last, before, after + slack)
        context = [*head, *left.tolist(), *middle.tolist(), *right[:after].tolist()]
        shift = len(head) + before - int(encoded.units.bounds[first])
        spans = tuple(
            (shift + int(encoded.units.bounds[unit]), shift + int(encoded.units.bounds[unit + 1]))
            for unit in group.items[which].units
        )
        question = right[after:].tolist() + questions[which]
        return self._sample(tokenizer, group.items[which], context, question, spans, len(head))

    def _encode(self, tokenizer: "PreTrainedTokenizerBase") -> _Encoded:
        """The document's token ids, made once per tokenizer, and gone with it."""
        made = _encoded.setdefault(tokenizer, {})
        if self not in made:
            document = self.document()
            # by the text itself: tasks that ask about one text in other ways share its tokens
            units = units_of(tokenizer, tuple(document.units), lambda: document.units)
            texts = [item.question for group in document.groups for item in group.items[: self.questions]]
            ids = encode_all(tokenizer, texts)
            questions = [ids[start : start + self.questions] for start in range(0, len(ids), self.questions)]
            most = max(units.size(group.first, group.last) for group in document.groups)
            made[self] = _Encoded(units, questions, most + max(map(len, ids)))
        return made[self]

    def _sample(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        item: Item,
        context: list[int],
        question: list[int],
        spans: tuple[tuple[int, int], ...],
        opening: int,
    ) -> Sample:
        return Sample(
            context_ids=context,
            question_ids=question,
            answer=shown_answer(item.answers, item.scoring),
            answers=item.answers,
            scoring=item.scoring,
            max_new_tokens=room_for(tokenizer, item.answers, item.scoring),
            needle_start=spans[0][0],
            needle_end=spans[0][1],
            spans=spans,
            depth=depth_at(spans[0][0], len(context)),
            opening=opening,
            prefix=last_line(item.question),
        )
