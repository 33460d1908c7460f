"""Prose as a haystack: the shipped novel from a random sentence on."""

import lzma
import re
from importlib import resources
from typing import Any

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.filler import Filler
from lh_eval.tasks.pools import pool_of


def prose(tokenizer: Any, n: int, rng: np.random.Generator, *, source: str = "moby_dick") -> Filler:
    """Take n tokens of the text from a random sentence on, from its beginning again where it ends.

    Raises:
        InputError: there is no such text.
    """
    if source != "moby_dick":
        raise InputError(f"haystack must be noise, words, prose or moby_dick, got {source!r}")
    pool = pool_of(tokenizer, "the sentences of moby_dick", _sentences)
    count = len(pool.starts)
    first = int(rng.integers(count))
    texts = 1 + n * count // len(pool.ids)
    while True:
        ids, starts = pool.join(np.arange(first, first + texts) % count)
        if len(ids) >= n:
            return Filler(ids[:n], np.append(starts[starts < n], n))
        texts += texts // 2 + 1


def _sentences() -> list[str]:
    raw = (resources.files("lh_eval.assets") / "text" / "moby_dick.txt.xz").read_bytes()
    text = " ".join(lzma.decompress(raw).decode().split())
    return [" " + sentence for sentence in re.split(r'(?<=[.!?]["”’)]) |(?<=[.!?]) ', text) if sentence]
