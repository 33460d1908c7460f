"""Term and definition: the headword of an entry in a real dictionary."""

import dataclasses
import functools
import hashlib
import lzma
import re
from importlib import resources

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Item, gather_items

QUESTION = '\n\nThe dictionary defines one word as follows: "{definition}" That word is'
WORDS, MOST_CHARACTERS = 20, 2000

_HEAD = re.compile(r"^([A-Z][A-Z' -]+[A-Z]), (?:n\.pl|n|adj|v\.t|v\.i|v|adv|pp)\. +", re.MULTILINE)


@TASKS.register("term")
@dataclasses.dataclass(frozen=True)
class Term(DocumentTask):
    """The word that a real dictionary defines in the words given, the dictionary's other entries around it.

    Measures: retrieval backwards, from what is said to the name it is said of.
    Source: Ambrose Bierce, The Devil's Dictionary (1911), in the public domain; its definitions are its author's own,
        so knowing the word does not help.
    """

    def document(self) -> Document:
        """The dictionary in entries."""
        return _document(self.questions)

    @property
    def data_sha256(self) -> str:
        """Hash of the dictionary."""
        return hashlib.sha256(_text().encode()).hexdigest()


@functools.cache
def _text() -> str:
    packed = resources.files("lh_eval.assets") / "text" / "devils_dictionary.txt.xz"
    return lzma.decompress(packed.read_bytes()).decode()


@functools.cache
def _document(questions: int) -> Document:
    text = _text()
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    units = [text[head.start() : end] for head, end in zip(heads, ends, strict=True)]
    words = [head[1] for head in heads]
    items = []
    for i, (head, end) in enumerate(zip(heads, ends, strict=True)):
        definition = text[head.end() : end].partition("\n\n")[0].split()[:WORDS]
        shown = " ".join(definition)
        if words.count(head[1]) == 1 and len(definition) >= 6 and head[1].lower() not in shown.lower():
            items.append(Item((i,), QUESTION.format(definition=shown), (head[1],)))
    return Document(units, gather_items(items, units, questions, MOST_CHARACTERS))
