"""Building a prompt on token ids: exact length, exact needle position, one token per answer."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.filler import Filler, draw_filler

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DIGITS = list("0123456789")


def check_depth(depth: float) -> None:
    """Raise InputError unless depth is a percentage."""
    if not 0 <= depth <= 100:
        raise InputError(f"depth must be from 0 to 100, got {depth:g}")


def check_length(length: int, least: int = 1) -> None:
    """Raise InputError unless the length is positive and holds what must be in the prompt."""
    if length < 1:
        raise InputError(f"length must be a positive number of tokens, got {length}")
    if length < least:
        raise InputError(f"length must be at least {least} tokens to hold needles and question, got {length}")


def leading_special_ids(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The special tokens that the tokenizer puts before a text, usually none or the one for its beginning."""
    plain = tokenizer.encode("a", add_special_tokens=False)
    whole = tokenizer.encode("a")
    for start in range(len(whole) - len(plain) + 1):
        if whole[start : start + len(plain)] == plain:
            return whole[:start]
    return []


def place_answers(
    tokenizer: "PreTrainedTokenizerBase", question: str, answers: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Encode a question so that each answer is one token after it.

    The answers are encoded in context, a space after the question. What their encodings share goes to the question:
    some tokenizers split " 7" into " " and "7".

    Returns:
        The ids of the question, and the id of each answer.

    Raises:
        InputError: the answers are not one distinct token each.
    """
    texts = [f"{question} {answer}" for answer in answers]
    encoded = tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]
    columns = zip(*encoded, strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    rests = [tuple(ids[shared:]) for ids in encoded]
    if {len(rest) for rest in rests} != {1} or len(set(rests)) != len(rests):
        shown = ", ".join(f"{answer!r} as {list(rest)}" for answer, rest in zip(answers, rests, strict=True))
        raise InputError(f"tokenizer must give each answer one token of its own, got {shown}; use another tokenizer")
    return encoded[0][:shared], [rest[0] for rest in rests]


def position_at(filler: Filler, depth: float) -> int:
    """The word boundary nearest to a depth: 0 is before the filler, 100 after it; of two as near, the first."""
    return int(filler.boundaries[np.abs(filler.boundaries - len(filler.ids) * depth / 100).argmin()])


def splice(filler: Filler, pieces: Sequence[tuple[int, list[int]]]) -> tuple[list[int], list[int]]:
    """Insert pieces into filler.

    Args:
        filler: what they go into.
        pieces: (position in the filler, token ids) of each; at one position they keep their order.

    Returns:
        The token ids, and where each piece starts in them.
    """
    order = sorted(range(len(pieces)), key=lambda i: pieces[i][0])
    parts: list[np.ndarray] = []
    starts = [0] * len(pieces)
    taken = size = 0
    for i in order:
        position, ids = pieces[i]
        parts += [filler.ids[taken:position], np.asarray(ids, dtype=np.int64)]
        starts[i] = size + position - taken
        size = starts[i] + len(ids)
        taken = position
    parts.append(filler.ids[taken:])
    # joined as arrays: a loop over 128K tokens would take most of a sample's time
    return np.concatenate(parts).tolist(), starts


def build_sample(
    tokenizer: "PreTrainedTokenizerBase",
    *,
    needle: str,
    question: str,
    answer: str,
    length: int,
    depth: float,
    rng: np.random.Generator,
    distractors: Sequence[str] = (),
) -> Sample:
    """Make the prompt `[bos] filler needle filler question` of exactly `length` tokens, for an answer of one digit.

    Args:
        tokenizer: a transformers tokenizer.
        needle: text that holds the answer, placed at `depth`.
        question: text that ends where " " and the answer follow.
        answer: the right digit.
        length: tokens of the prompt.
        depth: percent of the filler that comes before the needle.
        rng: the sample's random generator.
        distractors: texts placed at random word boundaries, none where the needle or another one is as long as there
            are enough.

    Raises:
        InputError: a length or depth out of range, or a tokenizer that cannot place the answer.
    """
    check_depth(depth)
    check_length(length)
    head = leading_special_ids(tokenizer)
    question_ids, choice_ids = place_answers(tokenizer, question, DIGITS)
    inserted = [tokenizer.encode(text, add_special_tokens=False) for text in (needle, *distractors)]
    # at least a token of filler for each distractor: the needle's place is then never another's
    least = len(head) + sum(map(len, inserted)) + len(question_ids) + len(distractors)
    check_length(length, least)

    filler = draw_filler(tokenizer, length - least + len(distractors), rng)
    position = position_at(filler, depth)
    free = filler.boundaries[filler.boundaries != position]
    others: list[int] = []
    if distractors:
        others = rng.choice(free, size=len(distractors), replace=len(free) < len(distractors)).tolist()
    body, starts = splice(filler, list(zip([position, *others], inserted, strict=True)))
    return Sample(
        context_ids=head + body,
        question_ids=question_ids,
        answer=answer,
        choices=list(DIGITS),
        choice_ids=choice_ids,
        needle_start=len(head) + starts[0],
        needle_end=len(head) + starts[0] + len(inserted[0]),
        depth=100 * position / len(filler.ids) if len(filler.ids) else float(depth),
    )
