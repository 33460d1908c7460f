"""Alphanumeric filler of an exact number of tokens: words of seven characters from a-z0-9, a space before each.

A fixed pool of words is tokenized once per tokenizer; filler is drawn from it on token ids, so that a sample of
128K tokens takes milliseconds and has neither more nor fewer tokens than asked for.
"""

import functools
import string
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lh_eval.tasks.building.pools import Pool, pool_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

POOL_SIZE = 16_384
WORD_LENGTH = 7
_ALPHABET = string.ascii_lowercase + string.digits


class Filler(NamedTuple):
    """Filler text as tokens.

    ids: [n] int64 token ids.
    boundaries: ascending positions in 0..n where needles lie best: the start of each word or sentence, and the end n.
    words: further ones, between the words of a sentence, for where those are too far apart; None where there are none.
    """

    ids: np.ndarray
    boundaries: np.ndarray
    words: np.ndarray | None = None

    @property
    def finest(self) -> np.ndarray:
        """Every position where a needle may lie."""
        return self.boundaries if self.words is None else np.union1d(self.boundaries, self.words)


def draw_filler(tokenizer: "PreTrainedTokenizerBase", n: int, rng: np.random.Generator) -> Filler:
    """Draw words until there are n tokens; the last word is cut where they end.

    Args:
        tokenizer: a transformers tokenizer.
        n: tokens of filler, 0 or more.
        rng: where the words are drawn from.

    Raises:
        InputError: the tokenizer makes no tokens of alphanumeric words.
    """
    pool = word_pool(tokenizer)
    words = np.empty(0, dtype=np.int64)
    while (missing := n - int(pool.lengths[words].sum())) > 0:
        words = np.concatenate([words, rng.integers(len(pool.lengths), size=1 + int(missing / pool.lengths.mean()))])
    ids, starts = pool.join(words)
    return Filler(ids[:n], np.append(starts[starts < n], n))


def word_pool(tokenizer: "PreTrainedTokenizerBase") -> Pool:
    """The pool's words as tokens."""
    return pool_of(tokenizer, "alphanumeric words", filler_words)


@functools.cache
def filler_words() -> list[str]:
    """The pool's words, the same on every machine, each with the space before it."""
    letters = np.random.default_rng(0).integers(len(_ALPHABET), size=(POOL_SIZE, WORD_LENGTH))
    return [" " + "".join(_ALPHABET[letter] for letter in word) for word in letters]
