"""SQuAD: questions about a paragraph of Wikipedia, answered by words of it."""

import dataclasses
import functools
from typing import Any, ClassVar

from lh_eval.corpora.kinds import NUMBER, TEXT, parallel_lists
from lh_eval.corpora.records import Origin
from lh_eval.corpora.sentences import split_sentences
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Group, Item
from lh_eval.tasks.building.published import Published, Schema, read_records

QUESTION = "\n\nQuestion: {question}\nAnswer, in words of the text:"
SCHEMA = (("context", TEXT), ("question", TEXT), ("answers", parallel_lists(text=TEXT, answer_start=NUMBER)))


@TASKS.register("squad")
@dataclasses.dataclass(frozen=True)
class Squad(Published, DocumentTask):
    """Questions about one paragraph of Wikipedia among the others of the data set; any annotator's answer counts.

    Measures: reading comprehension by retrieval: what is known of the world may answer too, see `closed_book=1`.
    Source: Rajpurkar et al. 2016, arXiv:1606.05250; data CC BY-SA 4.0, `rajpurkar/squad`.

    The needle is the answer's sentence; paragraphs with fewer than `questions` questions are filler.

    Attributes:
        split: split of the data set.
    """

    revision: str = "7b6d24c440a36b6815f21b70d25016731768db1f"
    split: str = "validation"

    NAME: ClassVar[str] = "rajpurkar/squad"
    SCHEMA: ClassVar[Schema] = SCHEMA

    def document(self) -> Document:
        """The paragraphs in sentences."""
        return _document(self.origin, self.questions)


@functools.cache
def _document(origin: Origin, questions: int) -> Document:
    paragraphs: dict[str, list[dict[str, Any]]] = {}
    for row in read_records(origin, SCHEMA).rows:
        paragraphs.setdefault(row["context"], []).append(row)
    units: list[str] = []
    groups = []
    for context, rows in paragraphs.items():
        first = len(units)
        units += split_sentences(context)
        items = [item for row in rows if (item := _item(row, units, first)) is not None]
        if len(items) >= questions:
            groups.append(Group(first, len(units) - 1, tuple(items)))
    if not groups:
        raise InputError(
            f"dataset must have a paragraph with {questions} answered questions, got none in {origin.shown}; "
            "ask for fewer a context, such as squad:questions=1"
        )
    return Document(units, groups)


def _item(row: dict[str, Any], units: list[str], first: int) -> Item | None:
    """The question of a row; None where no sentence holds its answer."""
    texts = [" ".join(text.split()) for text in row["answers"]["text"]]
    if not texts:
        return None
    # the sentence at the annotated place: the one in which the text up to there ends
    left = len(" ".join(row["context"][: row["answers"]["answer_start"][0]].split()))
    for unit in range(first, len(units)):
        if left < len(units[unit]) and texts[0] in units[unit]:
            return Item((unit,), QUESTION.format(question=row["question"].strip()), tuple(dict.fromkeys(texts)))
        left -= len(units[unit])
    return None
