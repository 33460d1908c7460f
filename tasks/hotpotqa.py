"""HotpotQA: questions that two paragraphs of Wikipedia answer together."""

import dataclasses
import functools
from typing import Any, ClassVar

from lh_eval.corpora.kinds import NUMBER, TEXT, list_of, parallel_lists
from lh_eval.corpora.records import Origin
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Group, Item
from lh_eval.tasks.building.published import Published, Schema, read_records

QUESTION = "\n\nQuestion: {question}\nAnswer, in a few words:"
SCHEMA = (
    ("question", TEXT),
    ("answer", TEXT),
    ("supporting_facts", parallel_lists(title=TEXT, sent_id=NUMBER)),
    ("context", parallel_lists(title=TEXT, sentences=list_of(TEXT))),
)


@TASKS.register("hotpotqa")
@dataclasses.dataclass(frozen=True)
class HotpotQA(Published, DocumentTask):
    """Questions over two of ten paragraphs of Wikipedia, the paragraphs of other questions around them.

    Measures: joining two facts.
    Source: Yang et al. 2018, arXiv:1809.09600; data CC BY-SA 4.0, `hotpotqa/hotpot_qa`.

    The needles are the supporting sentences. Questions answered by yes or no are left out: a guess is right too often.

    Attributes:
        questions: questions of each context: 1, since each has its own ten paragraphs.
        config: `distractor` has the ten paragraphs.
        split: split of the data set.
        rows: rows of it that are used, from the first on.
    """

    revision: str = "1908d6afbbead072334abe2965f91bd2709910ab"
    questions: int = 1
    config: str = "distractor"
    split: str = "validation"
    rows: int = 500

    NAME: ClassVar[str] = "hotpotqa/hotpot_qa"
    SCHEMA: ClassVar[Schema] = SCHEMA

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.questions != 1:
            raise InputError(f"questions must be 1, got {self.questions}; each question has paragraphs of its own")
        if self.rows < 1:
            raise InputError(f"rows must be from 1 on, got {self.rows}")

    def document(self) -> Document:
        """The paragraphs in sentences."""
        return _document(self.origin, self.rows)


@functools.cache
def _document(origin: Origin, most: int) -> Document:
    rows = read_records(origin, SCHEMA).rows
    units: list[str] = []
    groups = []
    for row in rows.select(range(min(most, len(rows)))):
        first = len(units)
        places = _add_paragraphs(units, row["context"])
        facts = zip(row["supporting_facts"]["title"], row["supporting_facts"]["sent_id"], strict=True)
        needles = sorted({places[fact] for fact in facts if fact in places})  # a few point at no sentence
        if needles and row["answer"] not in ("yes", "no"):
            item = Item(tuple(needles), QUESTION.format(question=row["question"].strip()), (row["answer"],))
            groups.append(Group(first, len(units) - 1, (item,)))
    if not groups:
        raise InputError(f"dataset must have questions with supporting sentences, got none in {origin.shown}")
    return Document(units, groups)


def _add_paragraphs(units: list[str], context: dict[str, Any]) -> dict[tuple[str, int], int]:
    """Append a row's sentences to `units`; returns the unit of each (title, number of the sentence)."""
    places = {}
    for title, sentences in zip(context["title"], context["sentences"], strict=True):
        units.append(f"{title}\n")
        for number, sentence in enumerate(sentences):
            if sentence.strip():
                places[title, number] = len(units)
                units.append(sentence)
        units[-1] = units[-1].rstrip() + "\n\n"
    return places
