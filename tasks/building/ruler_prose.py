"""A text as RULER takes its essays: words from its beginning on, told apart as sentences."""

import functools
import itertools
from typing import NamedTuple

import numpy as np

from lh_eval.corpora.sentences import split_sentences
from lh_eval.corpora.texts import load_text


class Essays(NamedTuple):
    """A text.

    words: in order.
    ends: the number of words up to the end of each sentence.
    """

    words: list[str]
    ends: np.ndarray

    def sentences(self, count: int) -> list[str]:
        """So many words from the beginning on, in a circle; the last sentence ends where they do."""
        found: list[str] = []
        while count > 0:
            whole = int(self.ends.searchsorted(count, side="right"))
            ends = [*self.ends[:whole].tolist(), *([count] if whole < len(self.ends) else [])]
            found += [
                " ".join(self.words[first:last]) for first, last in itertools.pairwise([0, *ends]) if last > first
            ]
            count -= len(self.words)
        return found


@functools.cache
def essays(source: str) -> Essays:
    """The text of a source, as `load_text` takes it; white space is one space, as there.

    Raises:
        InputError: as `load_text`.
    """
    sentences = split_sentences(" ".join(load_text(source).whole.split()))
    words = [sentence.split() for sentence in sentences]
    return Essays(list(itertools.chain(*words)), np.cumsum([len(part) for part in words]))
