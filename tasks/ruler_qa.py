"""RULER's two question answering tasks, on SQuAD and HotpotQA, in its own form."""

import dataclasses
import functools
from typing import ClassVar

from lh_eval.corpora.kinds import NUMBER, TEXT, list_of, parallel_lists
from lh_eval.corpora.records import Origin
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.published import Published, Schema, read_records
from lh_eval.tasks.building.ruler_qa import Library, Question, RulerQuestions

_SQUAD: Schema = (
    ("title", TEXT),
    ("context", TEXT),
    ("question", TEXT),
    ("answers", parallel_lists(text=TEXT, answer_start=NUMBER)),
)
_HOTPOT: Schema = (
    ("question", TEXT),
    ("answer", TEXT),
    ("context", parallel_lists(title=TEXT, sentences=list_of(TEXT))),
)


@TASKS.register("ruler_qa_squad")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerSquad(Published, RulerQuestions):
    """RULER's qa_1 in its own form: SQuAD's questions, one of the documents answers, those of its article around it.

    Measures: reading comprehension by retrieval, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; data CC BY-SA 4.0, `rajpurkar/squad_v2`.

    Attributes:
        split: split of the data set.
    """

    name: ClassVar[str] = "ruler_qa_squad"
    revision: str = "3ffb306f725f7d2ce8394bc1873b24868140c412"
    split: str = "validation"

    NAME: ClassVar[str] = "rajpurkar/squad_v2"
    SCHEMA: ClassVar[Schema] = _SQUAD

    def library(self) -> Library:
        """The paragraphs, and the questions that have an answer."""
        return _squad(self.origin)


@TASKS.register("ruler_qa_hotpot")
@dataclasses.dataclass(frozen=True, kw_only=True)
class RulerHotpot(Published, RulerQuestions):
    """RULER's qa_2 in its own form: HotpotQA's questions, their ten paragraphs among those of others.

    Measures: joining two facts, in the words that published rates are of.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654; data CC BY-SA 4.0, `hotpotqa/hotpot_qa`.

    Attributes:
        config: `distractor` has the ten paragraphs.
        split: split of the data set.
    """

    name: ClassVar[str] = "ruler_qa_hotpot"
    revision: str = "1908d6afbbead072334abe2965f91bd2709910ab"
    config: str = "distractor"
    split: str = "validation"

    NAME: ClassVar[str] = "hotpotqa/hotpot_qa"
    SCHEMA: ClassVar[Schema] = _HOTPOT

    def library(self) -> Library:
        """The paragraphs and the questions."""
        return _hotpot(self.origin)


@functools.cache
def _squad(origin: Origin) -> Library:
    rows = list(read_records(origin, _SQUAD).rows)
    documents = sorted({row["context"] for row in rows})
    numbers = {text: number for number, text in enumerate(documents)}
    articles: dict[str, dict[int, None]] = {}
    for row in rows:
        articles.setdefault(row["title"], {})[numbers[row["context"]]] = None
    questions = []
    for row in rows:
        gold = numbers[row["context"]]
        near = tuple(number for number in articles[row["title"]] if number != gold)
        if row["answers"]["text"]:
            questions.append(Question(row["question"], tuple(row["answers"]["text"]), (gold,), near))
    return _checked(Library(documents, questions), origin)


@functools.cache
def _hotpot(origin: Origin) -> Library:
    rows = list(read_records(origin, _HOTPOT).rows)
    found = [
        [f"{title}\n{''.join(parts)}" for title, parts in zip(context["title"], context["sentences"], strict=True)]
        for context in (row["context"] for row in rows)
    ]
    documents = sorted({text for texts in found for text in texts})
    numbers = {text: number for number, text in enumerate(documents)}
    questions = [
        Question(row["question"], (row["answer"],), tuple(dict.fromkeys(numbers[text] for text in texts)))
        for row, texts in zip(rows, found, strict=True)
    ]
    return _checked(Library(documents, questions), origin)


def _checked(library: Library, origin: Origin) -> Library:
    if not library.questions:
        raise InputError(f"dataset must have questions with an answer, got none in {origin.shown}")
    return library
