"""The real text that training mixes in: one of the shipped ones, or a file of the user's."""

import lzma
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lh_eval.corpora.texts import PROSE, SHIPPED, shipped_bytes
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from lh_eval.training.config import TrainingConfig


@cache
def load_text(path: str | None) -> np.ndarray:
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


def seen_text(config: "TrainingConfig") -> np.ndarray:
    """The bytes that training draws from: all but those held out."""
    text = load_text(config.text)
    return text[: max(0, len(text) - config.held_out)]


def held_out_text(config: "TrainingConfig") -> np.ndarray:
    """The bytes that training never sees, at the text's end."""
    text = load_text(config.text)
    return text[max(0, len(text) - config.held_out) :]
