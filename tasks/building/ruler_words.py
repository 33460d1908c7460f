"""What RULER's keys and lists are drawn from: the nouns, adjectives and verbs of the package wonderwords."""

import functools
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lh_eval.errors import InputError


class Words(NamedTuple):
    """The lists, sorted, none twice in one."""

    nouns: list[str]
    adjectives: list[str]
    verbs: list[str]

    @property
    def all(self) -> list[str]:
        """Each word once."""
        return sorted({*self.nouns, *self.adjectives, *self.verbs})

    @property
    def sha256(self) -> str:
        """Hash of the lists."""
        return hashlib.sha256(json.dumps(self).encode()).hexdigest()


@functools.cache
def wonder_words() -> Words:
    """The lists.

    Raises:
        InputError: the package is not installed.
    """
    try:
        from wonderwords import RandomWord
    except ImportError:
        raise InputError("wonderwords must be installed for RULER's words, got none; pip install wonderwords") from None
    words = RandomWord()
    return Words(*(sorted(set(words.filter(include_categories=[kind]))) for kind in ("noun", "adjective", "verb")))


def draw_ruler(kind: str, rng: np.random.Generator) -> Callable[[], str]:
    """What draws texts of a kind, none twice: `words`, pairs of an adjective and a noun, `numbers` or `uuids`."""
    words = wonder_words() if kind == "words" else None

    def one() -> str:
        if words is not None:
            adjective, noun = (names[rng.integers(len(names))] for names in (words.adjectives, words.nouns))
            return f"{adjective}-{noun}"
        if kind == "numbers":
            return str(rng.integers(10**6, 10**7))
        return str(uuid.UUID(bytes=rng.bytes(16), version=4))

    drawn: set[str] = set()

    def another() -> str:
        while (text := one()) in drawn:
            pass
        drawn.add(text)
        return text

    return another
