"""The real text that training mixes in: the shipped novel, or a file of the user's."""

import lzma
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from lh_eval.errors import InputError


@cache
def load_text(path: str | None) -> np.ndarray:
    """The bytes of a UTF-8 text file, plain or .xz; None is the shipped novel.

    Raises:
        InputError: the file cannot be read.
    """
    shipped = resources.files("lh_eval.assets") / "text" / "moby_dick.txt.xz"
    try:
        raw = shipped.read_bytes() if path is None else Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"text must be a readable file, got {path}: {error.strerror}") from None
    if path is None or path.endswith(".xz"):
        try:
            raw = lzma.decompress(raw)
        except lzma.LZMAError as error:
            raise InputError(f"text must be an .xz file where its name ends so, got {path}: {error}") from None
    return np.frombuffer(raw, dtype=np.uint8)
