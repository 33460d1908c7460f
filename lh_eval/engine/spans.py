"""Where needle, answer and question of a sample lie, and the sham beside them."""

import random
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lh_eval.modeling.spans import Span, Spans
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.encoding import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_APART = 64  # tokens between a sham and what it stands beside: no coarse entry holds both


def spans_of(tokenizer: "PreTrainedTokenizerBase", sample: Sample) -> Spans:
    """Where a sample's needle, answer and question lie, and its sham; the same each time."""
    context, length = len(sample.context_ids), len(sample.prompt_ids)
    needle = tuple((start, stop) for start, stop in sample.spans if stop > start)
    question = ((context, length),) if length > context else ()
    return Spans(
        needle=needle,
        answer=_answer(tokenizer, sample, needle),
        question=question,
        last=((length - 1, length),) if length else (),
        sham=_sham(sample, [*needle, *question]),
    )


def _answer(tokenizer: "PreTrainedTokenizerBase", sample: Sample, needles: tuple[Span, ...]) -> tuple[Span, ...]:
    """The last place in each needle where an answer stands as tokens of its own; the needles if there is none."""
    ids = sample.prompt_ids
    texts = [f"{space}{answer}" for answer in sample.answers for space in ("", " ")]
    told = [encode(tokenizer, text) for text in texts]
    told += [[token] for choice, token in zip(sample.choices, sample.choice_ids, strict=True) if choice in texts]
    # of equal places the longest, so that a space counts where it is part of the token alone
    told = sorted(filter(None, told), key=len)
    found = []
    for start, stop in needles:
        places = [
            (at + len(answer), -len(answer))
            for answer in told
            for at in range(start, stop - len(answer) + 1)
            if ids[at : at + len(answer)] == answer
        ]
        if places:
            end, width = max(places)
            found.append((end + width, end))
    return tuple(found) or needles


def _sham(sample: Sample, spans: list[Span]) -> tuple[Span, ...]:
    """A span of the length of each, somewhere in the context, as far apart as there is room for."""
    for apart in (_APART, 0):
        rng = random.Random(f"{sample.context_ids[:256]}{spans}")
        taken, found = list(spans), []
        for start, stop in spans:
            width = stop - start
            free = list(_free(taken, len(sample.context_ids), width, apart))
            places = sum(last - first for first, last in free)
            if not places:
                break
            place = rng.randrange(places)
            for first, last in free:
                if place < last - first:
                    found.append((first + place, first + place + width))
                    taken.append(found[-1])
                    break
                place -= last - first
        if len(found) == len(spans):
            return tuple(found)
    return ()


def _free(taken: Iterable[Span], tokens: int, width: int, apart: int) -> Iterator[Span]:
    """Ranges of the places where a span of that width may start."""
    begin = 0
    for start, stop in [*sorted(taken), (tokens + apart, tokens + apart)]:
        if (last := min(start - apart, tokens) - width + 1) > begin:
            yield begin, last
        begin = max(begin, stop + apart)
