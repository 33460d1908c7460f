"""Quote completion: a sentence of a real book goes on as only the book says."""

import collections
import dataclasses
import functools
import re

from lh_eval.corpora.sentences import split_sentences
from lh_eval.corpora.texts import load_text
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Item, gather_items

# said once only: the beginning said before would be what a model goes on from, not the book
QUESTION = '\n\nAs the text says, word for word: "{given}'
GIVEN, WANTED, MOST_CHARACTERS = 6, 5, 1500


@TASKS.register("quote")
@dataclasses.dataclass(frozen=True)
class Quote(DocumentTask):
    """The words that follow the beginning of a sentence in a real book, the book itself around it.

    Measures: verbatim retrieval from natural text whose other sentences are as plausible.
    Source: Melville's Moby-Dick (1851), in the public domain, or the `haystack` that is given.

    The beginning, six words, occurs once in the whole book; the answer is the next five words. `closed_book=1` asks
    without the book, which a model may know by heart.

    Attributes:
        haystack: the book: a shipped text, a file or a data set on the hub, as `load_text` takes it.
    """

    haystack: str = "moby_dick"

    def document(self) -> Document:
        """The book in sentences."""
        return _document(self.haystack, self.questions)


@functools.cache
def _document(source: str, questions: int) -> Document:
    units = split_sentences(load_text(source).whole)
    words = [unit.split() for unit in units]
    everywhere = [word for unit in words for word in unit]
    runs = collections.Counter(zip(*(everywhere[i:] for i in range(GIVEN)), strict=False))
    items = []
    for i, sentence in enumerate(words):
        given, wanted = sentence[:GIVEN], sentence[GIVEN : GIVEN + WANTED]
        if len(sentence) < GIVEN + WANTED + 1 or runs[tuple(given)] > 1:
            continue
        if not all(re.fullmatch(r"[A-Za-z][A-Za-z'-]*[,;:]?", word) for word in given + wanted):
            continue
        items.append(Item((i,), QUESTION.format(given=" ".join(given)), (" ".join(wanted).rstrip(",;:"),)))
    groups = gather_items(items, units, questions, MOST_CHARACTERS)
    if not groups:
        raise InputError(f"haystack must have sentences to ask for, got none in {source!r}; give running prose")
    return Document(units, groups)
