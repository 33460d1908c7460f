"""Alphanumeric filler of an exact number of tokens: words of seven characters from a-z0-9, a space before each.

A fixed pool of words is tokenized once per tokenizer; filler is drawn from it on token ids, so that a sample of
128K tokens takes milliseconds and has neither more nor fewer tokens than asked for.
"""

import functools
import string
import weakref
from typing import Any, NamedTuple

import numpy as np

from lh_eval.errors import InputError

POOL_SIZE = 16_384
WORD_LENGTH = 7
_ALPHABET = string.ascii_lowercase + string.digits


class Filler(NamedTuple):
    """Filler text as tokens.

    ids: [n] int64 token ids.
    boundaries: ascending positions in 0..n before which no word is cut: the start of each word, and the end n.
    """

    ids: np.ndarray
    boundaries: np.ndarray


class _Pool(NamedTuple):
    """The tokenized words: word w is ids[starts[w] : starts[w] + lengths[w]]."""

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray


_pools: weakref.WeakKeyDictionary[Any, _Pool] = weakref.WeakKeyDictionary()


def draw_filler(tokenizer: Any, n: int, rng: np.random.Generator) -> Filler:
    """Draw words until there are n tokens; the last word is cut where they end.

    Args:
        tokenizer: a transformers tokenizer.
        n: tokens of filler, 0 or more.
        rng: where the words are drawn from.

    Raises:
        InputError: the tokenizer makes no tokens of alphanumeric words.
    """
    pool = _pool(tokenizer)
    words = np.empty(0, dtype=np.int64)
    while (missing := n - int(pool.lengths[words].sum())) > 0:
        words = np.concatenate([words, rng.integers(len(pool.lengths), size=1 + int(missing / pool.lengths.mean()))])
    lengths = pool.lengths[words]
    ends = np.cumsum(lengths)
    starts = ends - lengths
    # token t of word w is pool.ids[pool.starts[w] + t - starts[w]]
    ids = pool.ids[np.repeat(pool.starts[words] - starts, lengths) + np.arange(int(lengths.sum()))]
    return Filler(ids[:n], np.append(starts[starts < n], n))


@functools.cache
def _words() -> list[str]:
    """The pool's words, the same on every machine, each with the space before it."""
    letters = np.random.default_rng(0).integers(len(_ALPHABET), size=(POOL_SIZE, WORD_LENGTH))
    return [" " + "".join(_ALPHABET[letter] for letter in word) for word in letters]


def _pool(tokenizer: Any) -> _Pool:
    if (pool := _pools.get(tokenizer)) is not None:
        return pool
    encoded = tokenizer(_words(), add_special_tokens=False, return_attention_mask=False)["input_ids"]
    lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
    if not lengths.all():
        raise InputError("tokenizer must make tokens of alphanumeric words, got none; use the model's own tokenizer")
    pool = _Pool(np.concatenate(encoded).astype(np.int64), np.cumsum(lengths) - lengths, lengths)
    _pools[tokenizer] = pool
    return pool
