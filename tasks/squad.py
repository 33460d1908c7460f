"""SQuAD: questions about a paragraph of Wikipedia, answered by words of it."""

import dataclasses
import functools
from typing import Any, ClassVar

from lh_eval.corpora.records import Origin, load_records
from lh_eval.corpora.sentences import split_sentences
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.document import Document, DocumentTask, Group, Item
from lh_eval.tasks.published import Published

QUESTION = "\n\nQuestion: {question}\nAnswer, in words of the text:"
COLUMNS = ("context", "question", "answers")


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

    split: str = "validation"

    NAME: ClassVar[str] = "rajpurkar/squad"
    COLUMNS: ClassVar[tuple[str, ...]] = COLUMNS

    def document(self) -> Document:
        """The paragraphs in sentences."""
        return _document(self.origin, self.questions)


@functools.cache
def _document(origin: Origin, questions: int) -> Document:
    paragraphs: dict[str, list[dict[str, Any]]] = {}
    for row in load_records(origin, COLUMNS).rows:
        _check(row, origin)
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


def _check(row: dict[str, Any], origin: Origin) -> None:
    """Raise InputError where columns of the right names hold something else than SQuAD's."""
    for name in ("context", "question"):
        if not isinstance(row[name], str):
            raise InputError(
                f"column {name!r} must be text, got {row[name]!r} in {origin.shown}; mend or drop that row"
            )
    answers = row["answers"]
    if not isinstance(answers, dict) or not {"text", "answer_start"} <= answers.keys() or None in answers.values():
        raise InputError(
            f"column 'answers' must have the lists 'text' and 'answer_start', got {answers!r} in {origin.shown}; "
            "convert it to SQuAD's schema"
        )


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
