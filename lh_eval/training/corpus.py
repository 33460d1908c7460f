"""The real text that training mixes in: one of the shipped ones, or a file of the user's."""

import lzma
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lh_eval.corpora.texts import PROSE, SHIPPED, shipped_bytes
from lh_eval.errors import InputError


class CorpusSplit(NamedTuple):
    """A text in two parts.

    train: [T] uint8 bytes that training draws from.
    held_out: [U] uint8 bytes at the text's end that training never sees.
    """

    train: np.ndarray
    held_out: np.ndarray


def split_corpus(path: str | None, held_out: int) -> CorpusSplit:
    """Read a text, see `load_corpus`, and hold out its last `held_out` bytes."""
    text = load_corpus(path)
    cut = max(0, len(text) - held_out)
    return CorpusSplit(text[:cut], text[cut:])


@cache
def load_corpus(path: str | None) -> np.ndarray:
    """The bytes of a UTF-8 text file, plain or .xz, or of the shipped text of that name; None is the novel.

    Raises:
        InputError: the file cannot be read.
    """
    name = path or PROSE
    if name in SHIPPED:
        return np.frombuffer(shipped_bytes(name), dtype=np.uint8)
    try:
        raw = Path(name).read_bytes()
    except OSError as error:
        raise InputError(
            f"text must be {', '.join(SHIPPED)} or a readable file, got {path}: {error.strerror}"
        ) from None
    if name.endswith(".xz"):
        try:
            raw = lzma.decompress(raw)
        except lzma.LZMAError as error:
            raise InputError(f"text must be an .xz file where its name ends so, got {path}: {error}") from None
    return np.frombuffer(raw, dtype=np.uint8)
