"""Training sequences: seeded synthetic recall and real text, bytes with a mark on what the loss counts.

Each family fills one sequence. A sequence is a function of (seed, step, its number in the step) alone, so data order
does not depend on attention, on the number of processes or on where a run was resumed.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from lh_eval.errors import InputError
from lh_eval.tasks import keyed, passkey
from lh_eval.training.text import seen_text

if TYPE_CHECKING:
    from lh_eval.training.config import TrainingConfig

ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)
LEAST_LENGTH = 128  # two keyed records, the most that it may draw, and a question
_WORD = 8  # a space and seven characters: the filler that the tasks use


class Batch(NamedTuple):
    """One process's share of a step.

    ids: [B, N] int64 bytes.
    counted: [B, N] bool, positions whose byte the loss counts; never the first.
    family: [B] int64 index into `FAMILIES`.
    """

    ids: np.ndarray
    counted: np.ndarray
    family: np.ndarray


class Sequence(NamedTuple):
    """ids: [N] uint8 bytes; counted: [N] bool."""

    ids: np.ndarray
    counted: np.ndarray


def copying(rng: np.random.Generator, length: int, text: np.ndarray) -> Sequence:  # noqa: ARG001
    """A random segment over letters, digits and space, tiled; every repeated byte counts."""
    symbols = np.append(ALPHABET, np.uint8(ord(" ")))
    period = int(np.exp(rng.uniform(np.log(8), np.log(length // 2))))
    segment = symbols[rng.integers(len(symbols), size=period)]
    ids = np.tile(segment, -(-length // period))[:length]
    return Sequence(ids, np.arange(length) >= period)


def passkeys(rng: np.random.Generator, length: int, text: np.ndarray) -> Sequence:  # noqa: ARG001
    """The passkey task's record in filler, asked for several times; the answers count."""
    digit = str(rng.integers(10))
    record = _Piece(passkey.NEEDLE.format(answer=digit), ())
    asked = _question(passkey.QUESTION, digit, "")
    return _scatter(rng, length, [record], lambda _: asked)


def keyed_records(rng: np.random.Generator, length: int, text: np.ndarray) -> Sequence:  # noqa: ARG001
    """Several keyed records in filler, each asked for by key; keys after their first letter and answers count."""
    most = max(1, length // 64)
    count = int(np.exp(rng.uniform(0, np.log(most + 1))))  # few records as often as many
    codes = rng.choice(26**keyed.KEY_LENGTH, size=count, replace=False)
    letters = ALPHABET[codes[:, None] // 26 ** np.arange(keyed.KEY_LENGTH) % 26]
    keys = [bytes(row).decode() for row in letters]
    digits = rng.integers(10, size=count)
    records = [_Piece(keyed.NEEDLE.format(key=k, answer=d), ()) for k, d in zip(keys, digits, strict=True)]
    asked = [_question(keyed.QUESTION.format(key=k), str(d), k) for k, d in zip(keys, digits, strict=True)]
    return _scatter(rng, length, records, lambda i: asked[i])


def prose(rng: np.random.Generator, length: int, text: np.ndarray) -> Sequence:
    """A stretch of real text; every byte counts."""
    start = int(rng.integers(len(text) - length))
    return Sequence(text[start : start + length], np.arange(length) > 0)


Family = Callable[[np.random.Generator, int, np.ndarray], Sequence]
FAMILIES: dict[str, Family] = {"copy": copying, "passkey": passkeys, "keyed": keyed_records, "text": prose}


class _Piece(NamedTuple):
    text: str
    counted: tuple[int, ...]


def _question(question: str, answer: str, key: str) -> _Piece:
    """A question with its answer; the answer and, after its first letter, each mention of the key count."""
    counted = [len(question) + 1]
    start = question.find(key) if key else -1
    while start >= 0:
        counted += range(start + 1, start + len(key))
        start = question.find(key, start + 1)
    return _Piece(f"{question} {answer}.", tuple(counted))


def _scatter(rng: np.random.Generator, length: int, records: list[_Piece], ask: Callable[[int], _Piece]) -> Sequence:
    """Records and questions in random order, each question behind its record, filler between all of them."""
    room = length - sum(len(record.text) for record in records)
    times = rng.random(len(records)) * rng.random()
    pieces = list(zip(times.tolist(), records, strict=True))
    # the last question closes the sequence, as in the evaluation; the others lie anywhere behind their record
    chosen = [int(i) for i in rng.integers(len(records), size=max(1, 2 * len(records)))]
    for place, i in enumerate(chosen):
        piece = ask(i)
        if len(piece.text) > room:
            break
        room -= len(piece.text)
        pieces.append((1.0 if place == 0 else rng.uniform(times[i], 1.0), piece))
    pieces.sort(key=lambda item: item[0])

    cuts = np.sort(rng.integers(room + 1, size=len(pieces) - 1))
    gaps = np.diff(cuts, prepend=0, append=room)
    if rng.random() < 0.1:  # depth 0: a record with nothing in front of it
        gaps[-1] += gaps[0]
        gaps[0] = 0
    filler = _filler(rng, room)
    ids = np.empty(length, dtype=np.uint8)
    counted = np.zeros(length, dtype=bool)
    at = used = 0
    for gap, (_, piece) in zip(gaps.tolist(), pieces, strict=True):
        ids[at : at + gap] = filler[used : used + gap]
        at, used = at + gap, used + gap
        ids[at : at + len(piece.text)] = np.frombuffer(piece.text.encode(), dtype=np.uint8)
        counted[[at + offset for offset in piece.counted]] = True
        at += len(piece.text)
    return Sequence(ids, counted)


def _filler(rng: np.random.Generator, length: int) -> np.ndarray:
    """[length] bytes of words of seven letters and digits behind a space each."""
    words = ALPHABET[rng.integers(len(ALPHABET), size=(-(-length // _WORD), _WORD))]
    words[:, 0] = ord(" ")
    return words.reshape(-1)[:length]


@dataclasses.dataclass(frozen=True)
class Steps(Dataset[Batch]):
    """The batches of a run by step number, one process's share each: a map-style dataset.

    Attributes:
        config: the run.
        rank: number of this process.
        processes: how many share a step's sequences.

    Raises:
        InputError: the text cannot be read, or is not longer than a sequence.
    """

    config: "TrainingConfig"
    rank: int = 0
    processes: int = 1

    def __post_init__(self) -> None:
        longest = max((phase.length for phase in self.config.phases if "text" in phase.mix), default=0)
        if (longest or self.config.held_out) and len(seen_text(self.config)) <= longest:
            raise InputError(
                f"text must be longer than a sequence of {longest} bytes and what is held out, got {self.config.text}"
            )

    def __len__(self) -> int:
        return self.config.steps

    def __getitem__(self, step: int) -> Batch:
        phase = self.config.phase_at(step)
        text = seen_text(self.config) if "text" in phase.mix else np.empty(0, dtype=np.uint8)
        shares = np.array([phase.mix.get(name, 0.0) for name in FAMILIES])
        count = phase.tokens_per_step // phase.length
        ids, counted, family = [], [], []
        for number in range(self.rank, count, self.processes):
            rng = np.random.default_rng((self.config.seed, step, number))
            drawn = int(rng.choice(len(FAMILIES), p=shares / shares.sum()))
            sequence = list(FAMILIES.values())[drawn](rng, phase.length, text)
            ids.append(sequence.ids)
            counted.append(sequence.counted)
            family.append(drawn)
        return Batch(np.stack(ids).astype(np.int64), np.stack(counted), np.array(family))
