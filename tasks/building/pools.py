"""Texts that are tokenized once per tokenizer: haystacks are joined from their token ids, with no text in between.

Each text brings the space or line break before it, so that its tokens are the same wherever it stands.
"""

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.building.encoding import encode_all

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Pool(NamedTuple):
    """Tokenized texts: text t is ids[starts[t] : starts[t] + lengths[t]].

    ids: [n] int64 token ids of all texts.
    starts: [T] where each text begins.
    lengths: [T] how many tokens each has, at least one.
    """

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def join(self, picks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ids of the texts with those numbers, one after the other, and where each starts in them."""
        lengths = self.lengths[picks]
        starts = np.cumsum(lengths) - lengths
        # token t of pick p is ids[self.starts[p] + t - starts[p]]
        places = np.repeat(self.starts[picks] - starts, lengths) + np.arange(int(lengths.sum()))
        return self.ids[places], starts


_pools: weakref.WeakKeyDictionary[Any, dict[str, Pool]] = weakref.WeakKeyDictionary()


def pool_of(tokenizer: "PreTrainedTokenizerBase", name: str, texts: Callable[[], Sequence[str]]) -> Pool:
    """The tokenized pool of that name, made at its first use with this tokenizer.

    Args:
        tokenizer: a transformers tokenizer.
        name: what tells these texts from those of other pools; also names them in errors.
        texts: makes the texts, always the same for one name.

    Raises:
        InputError: the tokenizer makes no tokens of one of them.
    """
    pools = _pools.setdefault(tokenizer, {})
    if name not in pools:
        pools[name] = _tokenize(tokenizer, name, texts())
    return pools[name]


def _tokenize(tokenizer: "PreTrainedTokenizerBase", name: str, texts: Sequence[str]) -> Pool:
    encoded = encode_all(tokenizer, texts)
    lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
    if not lengths.all():
        raise InputError(f"tokenizer must make tokens of {name}, got none; use the model's own tokenizer")
    return Pool(np.concatenate(encoded).astype(np.int64), np.cumsum(lengths) - lengths, lengths)
