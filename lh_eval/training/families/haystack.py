"""Records and questions about them, scattered over filler."""

from typing import NamedTuple

import numpy as np

from lh_eval.training.families.sequence import ALPHABET, Sequence

_WORD = 8  # a space and seven characters: the filler that the tasks use


class Piece(NamedTuple):
    """A record or a question.

    text: ASCII.
    loss_offsets: its characters that are in the loss.
    """

    text: str
    loss_offsets: tuple[int, ...] = ()


def question(text: str, answer: str, key: str = "") -> Piece:
    """A question with its answer; the answer and, after its first letter, each mention of the key are in the loss."""
    offsets = [len(text) + 1]
    start = text.find(key) if key else -1
    while start >= 0:
        offsets += range(start + 1, start + len(key))
        start = text.find(key, start + 1)
    return Piece(f"{text} {answer}.", tuple(offsets))


def haystack(rng: np.random.Generator, length: int, records: list[Piece], questions: list[Piece]) -> Sequence:
    """Records and questions in random order, each question behind its record, filler between all of them.

    Args:
        rng: draws order, questions and filler.
        length: bytes of the sequence.
        records: each is there once.
        questions: one about each record, asked as often as it is drawn.
    """
    room = length - sum(len(record.text) for record in records)
    depths = rng.random(len(records)) * rng.random()
    pieces = list(zip(depths.tolist(), records, strict=True))
    # the last question closes the sequence, as in the evaluation; the others lie anywhere behind their record
    drawn = [int(i) for i in rng.integers(len(records), size=max(1, 2 * len(records)))]
    for number, i in enumerate(drawn):
        if len(questions[i].text) > room:
            break
        room -= len(questions[i].text)
        pieces.append((1.0 if number == 0 else rng.uniform(depths[i], 1.0), questions[i]))
    pieces.sort(key=lambda item: item[0])

    cuts = np.sort(rng.integers(room + 1, size=len(pieces) - 1))
    gaps = np.diff(cuts, prepend=0, append=room)
    if rng.random() < 0.1:  # depth 0: a record with nothing in front of it
        gaps[-1] += gaps[0]
        gaps[0] = 0
    filler = _filler(rng, room)
    ids = np.empty(length, dtype=np.uint8)
    loss_mask = np.zeros(length, dtype=bool)
    end = used = 0
    for gap, (_, piece) in zip(gaps.tolist(), pieces, strict=True):
        ids[end : end + gap] = filler[used : used + gap]
        start, used = end + gap, used + gap
        end = start + len(piece.text)
        ids[start:end] = np.frombuffer(piece.text.encode(), dtype=np.uint8)
        loss_mask[[start + offset for offset in piece.loss_offsets]] = True
    return Sequence(ids, loss_mask)


def _filler(rng: np.random.Generator, length: int) -> np.ndarray:
    """[length] bytes of words of seven letters and digits behind a space each."""
    words = ALPHABET[rng.integers(len(ALPHABET), size=(-(-length // _WORD), _WORD))]
    words[:, 0] = ord(" ")
    return words.reshape(-1)[:length]
