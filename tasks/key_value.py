"""Key-value lookup: records of UUIDs and nothing else, several questions a context."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.tasks.base import TASKS, Sample, context_rng
from lh_eval.tasks.building.answer_prefix import last_sentence
from lh_eval.tasks.building.depth import points_off
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.haystack import FIXED, RecordTemplate
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.plan import generated_sample, spec_of
from lh_eval.tasks.building.vocabulary import vocabulary
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INTRO = "Read the records below with care: at their end you are asked for a value."
QUESTION = "\nNow say the value of one of the records above. Key", " has value"  # the key is between them
TEMPLATE = RecordTemplate("\nKey", " has value", ".", "uuid", "uuid")


@TASKS.register("kv")
@dataclasses.dataclass(frozen=True)
class KeyValue:
    """One of as many key-value records as the length holds, keys and values UUIDs; several questions a context.

    A trial's context is the same at all depths and for all its questions: the depth and the question only choose the
    record that is asked for, the nearest to the depth first. Where the context has fewer records near the depth than
    questions, the further ones change places with the nearest. Questions shorter than the longest one possible begin
    with further line breaks.

    Measures: exact lookup at every depth of one and the same context.
    Source: Liu et al. 2024, Lost in the Middle, arXiv:2307.03172, section 3.

    Attributes:
        questions: trials that share a context; each asks for another of the records nearest to the depth.
    """

    name: ClassVar[str] = "kv"
    haystack: ClassVar[str] = "needles"
    version: ClassVar[int] = 2
    questions: int = 8

    def __post_init__(self) -> None:
        check_count("questions", self.questions, 1, 1000)

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        check_depth(depth)
        check_length(length)
        rng = context_rng(spec_of(self.name, self), length=length, trial=trial // self.questions, seed=seed)
        pool = TEMPLATE.pool(tokenizer)
        before, after = (encode(tokenizer, text) for text in QUESTION)
        longest = len(before) + int(pool.lengths[FIXED:].max()) + len(after)
        head = [*leading_special_ids(tokenizer), *encode(tokenizer, INTRO)]
        check_length(length, len(head) + longest)
        records = TEMPLATE.draw(tokenizer, length - len(head) - longest, rng)
        if len(records.starts) < self.questions:
            raise InputError(
                f"length must hold a record for each of {self.questions} questions, got {length} with "
                f"{len(records.starts)}; raise it or lower the option questions"
            )

        context = [*head, *records.filler.ids.tolist()]
        starts, sizes = len(head) + records.starts, records.ends - records.starts
        opening = int(starts[0])
        off = points_off(starts, size=sizes, opening=opening, context=len(context), depth=depth)
        order = off.argsort(kind="stable").tolist()
        asked, nearest = order[trial % self.questions], order[0]
        start, size = int(starts[asked]), int(sizes[asked])
        if off[asked] > DEPTH_TOLERANCE and asked != nearest:
            start = _exchange(context, asked, nearest, starts, sizes)
        key = pool.join(FIXED + records.keys[[asked]])[0].tolist()
        breaks = _line_breaks(tokenizer, longest - len(before) - len(key) - len(after))
        return generated_sample(
            tokenizer,
            context_ids=context,
            question_ids=[*breaks, *before, *key, *after],
            answers=(vocabulary("uuid")[records.values[asked]],),
            scoring="all",
            spans=[(start, start + size)],
            opening=opening,
            stands=(1,),
            prefix=last_sentence(f" {vocabulary('uuid')[records.keys[asked]]}".join(QUESTION)),
        )


def _exchange(context: list[int], asked: int, other: int, starts: np.ndarray, sizes: np.ndarray) -> int:
    """Put two of a context's records in each other's place; returns where the asked one then starts."""
    left, right = (slice(int(starts[i]), int(starts[i] + sizes[i])) for i in sorted((asked, other)))
    context[left.start : right.stop] = [*context[right], *context[left.stop : right.start], *context[left]]
    return left.start if asked > other else right.stop - int(sizes[asked])


def _line_breaks(tokenizer: "PreTrainedTokenizerBase", count: int) -> list[int]:
    """That many tokens of line breaks."""
    ids = encode(tokenizer, "\n") if count else [0]
    if not ids:
        raise InputError(
            "tokenizer must have a token for a line break, got none; take a task without lines, such as niah_single_2"
        )
    return ids[-1:] * count
