"""BABILong: facts in a long text, and a question that takes one or several of them."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from lh_eval.corpora.kinds import TEXT
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.inserted import Entry, InsertedTask
from lh_eval.tasks.building.published import Published, Schema

QUESTION = "\n\nAnswer from the facts that the text states, in one word.\nQuestion: {question}\nAnswer:"


@TASKS.register("babilong")
@dataclasses.dataclass(frozen=True)
class BabiLong(Published, InsertedTask):
    """bAbI facts in real prose, and a question over them: who is where, who gave what to whom, how many.

    Measures: reasoning over facts that lie in a long text.
    Source: Kuratov et al. 2024, arXiv:2406.10149; data Apache 2.0, `RMT-team/babilong`.

    With `config=0k` the facts stand together at the depth and the prose is ours; the longer configurations bring their
    own prose between the facts, and ours fills what is left of the length.

    Attributes:
        config: length of the rows: 0k, 1k, 2k, 4k, ...
        split: question type, qa1 to qa20.
    """

    revision: str = "ee0d588794c7ac098062ee0d247c733d62e94fe2"
    config: str = "0k"
    split: str = "qa1"

    NAME: ClassVar[str] = "RMT-team/babilong"
    SCHEMA: ClassVar[Schema] = (("input", TEXT), ("question", TEXT), ("target", TEXT))

    def characters(self) -> Sequence[int]:
        """Characters of each row's text."""
        return self.characters_of("input")

    def entry(self, row: int) -> Entry:
        """A row as a task; a target of several words, such as `apple,milk`, is looked for word by word."""
        values = self.records().rows[row]
        answers = tuple(part.strip() for part in values["target"].split(","))
        text = f"\n\n{values['input'].strip()}\n\n"
        question = QUESTION.format(question=values["question"].strip())
        return Entry(text, question, answers, "all" if len(answers) > 1 else "any")
