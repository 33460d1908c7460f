"""A text in units (sentences, statements, entries) tokenized once: excerpts of it are slices of token ids."""

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.building.encoding import encode_all
from lh_eval.tasks.building.filler import Filler

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


_SPACES = ("\u0120", "\u2581", " ")  # as BPE of bytes, SentencePiece and others write one ahead of a word


class Units:
    """Units of a text as token ids, read in a circle: after the last comes the first.

    Args:
        tokenizer: a transformers tokenizer.
        texts: the units in order, with the white space between them.

    Attributes:
        ids: [T] int64 token ids of the whole text.
        begins: [T] whether a word begins with the token.
        bounds: [U + 1] int64 where each unit starts in it, and its end T.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> None:
        encoded = encode_all(tokenizer, texts)
        lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
        if not lengths.all():
            raise InputError("tokenizer must make tokens of the text, got none; use the model's own tokenizer")
        self.ids = np.concatenate(encoded).astype(np.int64)
        self.begins = begins_word(tokenizer, self.ids)
        self.bounds = np.concatenate([[0], np.cumsum(lengths)])

    def draw(self, n: int, rng: np.random.Generator) -> Filler:
        """N tokens from the start of a random unit on."""
        size = len(self.ids)
        first = int(rng.integers(len(self.bounds) - 1))
        start = int(self.bounds[first])
        places = (start + np.arange(n)) % size
        once = np.concatenate([self.bounds[first:-1], self.bounds[:first] + size]) - start
        laps = np.arange(-(-n // size) + 1)[:, None] * size
        starts = (laps + once).ravel()
        return Filler(self.ids[places], np.append(starts[starts < n], n), self.begins[places].nonzero()[0])

    def size(self, first: int, last: int) -> int:
        """Tokens of units first..last."""
        return int(self.bounds[last + 1] - self.bounds[first])

    def around(self, first: int, last: int, before: int, after: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Units first..last, with so many tokens that come before them and after.

        Where the text ends before there are enough, it begins anew, without those units: they are there once.
        """
        start, end, size = int(self.bounds[first]), int(self.bounds[last + 1]), len(self.ids)
        rest = size - (end - start)
        if not rest and before + after:
            raise InputError("text must be longer than what is asked about, got no more; give a longer one")
        left = self.ids[(end + np.arange(-before, 0) % rest) % size] if before else self.ids[:0]
        right = self.ids[(end + np.arange(after) % rest) % size] if after else self.ids[:0]
        return left, self.ids[start:end], right


def begins_word(tokenizer: "PreTrainedTokenizerBase", ids: np.ndarray) -> np.ndarray:
    """[n] whether each of n token ids begins with a space, so that what is put ahead of it cuts no word.

    False for all where the tokenizer writes spaces in a way that is not known here.
    """
    known, places = np.unique(ids, return_inverse=True)
    tokens = tokenizer.convert_ids_to_tokens(known.tolist())
    return np.array([isinstance(token, str) and token.startswith(_SPACES) for token in tokens], dtype=bool)[places]


_made: weakref.WeakKeyDictionary[Any, dict[Any, Units]] = weakref.WeakKeyDictionary()


def units_of(tokenizer: "PreTrainedTokenizerBase", key: Any, texts: Callable[[], Sequence[str]]) -> Units:
    """The units of the text of that key, tokenized when first asked for; they go with their tokenizer."""
    made = _made.setdefault(tokenizer, {})
    if key not in made:
        made[key] = Units(tokenizer, texts())
    return made[key]
