"""Rows of a data set inside real prose: each row is a text with a question, put at a depth to an exact length."""

import dataclasses
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lh_eval.errors import InputError
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.tasks.base import Sample, sample_rng
from lh_eval.tasks.building.answer_prefix import last_line
from lh_eval.tasks.building.depth import depth_at, needle_position
from lh_eval.tasks.building.document import cell_name, shown_answer
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.haystack_text import prose
from lh_eval.tasks.building.placing import check_depth, leading_special_ids, place_answers, splice
from lh_eval.tasks.building.room import room_for

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Entry(NamedTuple):
    """A row as a task.

    text: what is put into the prose.
    question: text that ends where " " and the answer follow; its last line begins the answer.
    answers: what is looked for; with "choice" the right one.
    scoring: how the answer is judged.
    choices: for "choice", what can be chosen.
    """

    text: str
    question: str
    answers: tuple[str, ...]
    scoring: str = "any"
    choices: tuple[str, ...] = ()


_sizes: weakref.WeakKeyDictionary[Any, dict[tuple["InsertedTask", int], tuple[int, int]]] = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class InsertedTask:
    """What tasks of rows in prose share: trial t is the t-th row that fits, in an order drawn for each cell.

    Rows that are longer than `length`, or too long to start at the depth, are passed over, never cut.

    Attributes:
        haystack: the prose, as `load_text` takes it.
        closed_book: 1 leaves text and prose out, the control: the prompt is the question alone, shorter than `length`.
    """

    version: ClassVar[int] = 2
    haystack: str = "moby_dick"
    closed_book: int = 0

    def __post_init__(self) -> None:
        if self.closed_book not in (0, 1):
            raise InputError(f"closed_book must be 0 or 1, got {self.closed_book}")

    def characters(self) -> Sequence[int]:
        """About how long each row's text is: one of more than eight characters a token is not even tokenized."""
        raise NotImplementedError

    def entry(self, row: int) -> Entry:
        """A row as a task."""
        raise NotImplementedError

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make the prompt `[bos] prose text prose question`; arguments and errors as in `Task.sample`.

        Raises:
            InputError: also for a trial beyond the rows that fit.
        """
        check_depth(depth)
        opened = dataclasses.replace(self, closed_book=0)  # the control asks the same questions in the same order
        entry = self.entry(opened._row(tokenizer, length, depth, trial, seed))
        question, choice_ids, most = _question_ids(tokenizer, entry)
        head = leading_special_ids(tokenizer)
        if self.closed_book:
            ids = head + question
            start = end = max(1, len(head))
            context, question, true_depth = ids[:start], ids[start:], float(depth)
        else:
            text = encode(tokenizer, entry.text)
            rng = sample_rng(cell_name(self), length=length, depth=depth, trial=trial, seed=seed)
            filler = prose(tokenizer, length - len(head) - len(text) - len(question), rng, source=self.haystack)
            position, _ = needle_position(filler, [], opening=len(head), size=len(text), depth=depth)
            body, (place,) = splice(filler, [(position, text)])
            context, start = head + body, len(head) + place
            end = start + len(text)
            true_depth = depth_at(start, len(context))
        return Sample(
            context_ids=context,
            question_ids=question,
            answer=shown_answer(entry.answers, entry.scoring),
            answers=entry.answers,
            scoring=entry.scoring,
            choices=list(entry.choices),
            choice_ids=choice_ids,
            max_new_tokens=most,
            needle_start=start,
            needle_end=end,
            depth=true_depth,
            opening=len(head),
            placed=not self.closed_book,
            removed=0 if self.closed_book else None,
            prefix=last_line(entry.question),
        )

    def _row(self, tokenizer: "PreTrainedTokenizerBase", length: int, depth: float, trial: int, seed: int) -> int:
        """The row of a trial."""
        characters = self.characters()
        name = f"{cell_name(self)} order"
        order = sample_rng(name, length=length, depth=depth, trial=0, seed=seed).permutation(len(characters)).tolist()
        sizes = _sizes.setdefault(tokenizer, {})
        head = len(leading_special_ids(tokenizer))
        fitting = 0
        for row in order:
            if characters[row] > 8 * length:
                continue
            if (self, row) not in sizes:
                entry = self.entry(row)
                text = len(encode(tokenizer, entry.text)) if entry.text else 0
                sizes[self, row] = text, len(_question_ids(tokenizer, entry)[0])
            text, question = sizes[self, row]
            if text + question + head <= length and _reaches(text, length - question, depth):
                fitting += 1
            if fitting > trial:
                return row
        raise InputError(
            f"length must be such that {trial + 1} rows fit whole at depth {depth:g}, got {length}, which holds "
            f"{fitting} of {len(order)}; take a greater length or fewer trials"
        )


def _reaches(text: int, context: int, depth: float) -> bool:
    """Whether a text of so many tokens can start at a depth of a context; any can at its ends."""
    return depth in (0, 100) or 100 * (context - text) / context >= depth - DEPTH_TOLERANCE


def _question_ids(tokenizer: "PreTrainedTokenizerBase", entry: Entry) -> tuple[list[int], list[int], int]:
    """The ids of the question and of each choice, and how many tokens the answer may take."""
    if entry.scoring == "choice":
        return *place_answers(tokenizer, entry.question, entry.choices), 0
    most = room_for(tokenizer, entry.answers, entry.scoring)
    return encode(tokenizer, entry.question), [], most
