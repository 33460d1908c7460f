"""Building a prompt on token ids: exact length, exact needle position, one token per answer."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.answer_prefix import last_sentence
from lh_eval.tasks.building.depth import depth_at, needle_position, position_at, share_at
from lh_eval.tasks.building.encoding import encode, encode_all
from lh_eval.tasks.building.filler import Filler, draw_filler
from lh_eval.tasks.building.standing import standings, times_standing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DIGITS = list("0123456789")
VERSION = 2  # of the samples of tasks that are made here


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
    encoded = encode_all(tokenizer, texts)
    columns = zip(*encoded, strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    rests = [tuple(ids[shared:]) for ids in encoded]
    if {len(rest) for rest in rests} != {1} or len(set(rests)) != len(rests):
        shown = ", ".join(f"{answer!r} as {list(rest)}" for answer, rest in zip(answers, rests, strict=True))
        raise InputError(
            f"tokenizer must give each answer one token of its own, got {shown}; "
            "take a task whose answer is generated, such as niah_single_2"
        )
    return encoded[0][:shared], [rest[0] for rest in rests]


def splice(
    filler: Filler, pieces: Sequence[tuple[int, list[int]]], *, behind: bool = False
) -> tuple[list[int], list[int]]:
    """Insert pieces into filler.

    Args:
        filler: what they go into.
        pieces: (position in the filler, token ids) of each; at one position they keep their order.
        behind: the first piece comes behind the others of its position.

    Returns:
        The token ids, and where each piece starts in them.
    """
    order = sorted(range(len(pieces)), key=lambda i: (pieces[i][0], behind and i == 0))
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
    version: int = VERSION,
) -> Sample:
    """Make the prompt `[bos] filler needle filler question` of exactly `length` tokens, for an answer of one digit.

    Args:
        tokenizer: a transformers tokenizer.
        needle: text that holds the answer, placed at `depth`.
        question: text that ends where " " and the answer follow.
        answer: the right digit.
        length: tokens of the prompt.
        depth: percent of the context at which the needle starts.
        rng: the sample's random generator.
        distractors: texts placed at random word boundaries, none where the needle or another one is as long as there
            are enough.
        version: 1 takes `depth` for a percent of the filler, whatever that is of the context.

    Raises:
        InputError: a length or depth out of range, or a tokenizer that cannot place the answer.
    """
    check_depth(depth)
    check_length(length)
    head = leading_special_ids(tokenizer)
    question_ids, choice_ids = place_answers(tokenizer, question, DIGITS)
    inserted = [encode(tokenizer, text) for text in (needle, *distractors)]
    # at least a token of filler for each distractor: the needle's place is then never another's
    least = len(head) + sum(map(len, inserted)) + len(question_ids) + len(distractors)
    check_length(length, least)

    filler = draw_filler(tokenizer, length - least + len(distractors), rng)
    while version > 1 and times_standing(answer, _last_word(tokenizer, filler)):  # what is left of a word that was cut
        filler = draw_filler(tokenizer, len(filler.ids), rng)
    position = position_at(filler, depth)
    free = filler.boundaries[filler.boundaries != position]
    others: list[int] = []
    if distractors:
        others = rng.choice(free, size=len(distractors), replace=len(free) < len(distractors)).tolist()
    behind = False
    if version > 1:
        sizes = list(map(len, inserted))
        beside = list(zip(others, sizes[1:], strict=True))
        position, behind = needle_position(filler, beside, opening=len(head), size=sizes[0], depth=depth)
    body, starts = splice(filler, list(zip([position, *others], inserted, strict=True)), behind=behind)
    return Sample(
        context_ids=head + body,
        question_ids=question_ids,
        answer=answer,
        choices=list(DIGITS),
        choice_ids=choice_ids,
        needle_start=len(head) + starts[0],
        needle_end=len(head) + starts[0] + len(inserted[0]),
        depth=depth_at(len(head) + starts[0], len(head) + len(body))
        if version > 1
        else share_at(position, filler, depth),
        opening=len(head),
        stands=standings([answer], [needle, question]) if version > 1 else (),
        prefix=last_sentence(question),
    )


def _last_word(tokenizer: "PreTrainedTokenizerBase", filler: Filler) -> str:
    start = filler.boundaries[-2] if len(filler.boundaries) > 1 else 0
    return str(tokenizer.decode(filler.ids[start:].tolist()))
