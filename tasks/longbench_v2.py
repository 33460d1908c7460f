"""LongBench v2: questions of four choices about long documents."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from lh_eval.corpora.kinds import TEXT, one_of
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.inserted import Entry, InsertedTask
from lh_eval.tasks.building.published import Published, Schema

LETTERS = ("A", "B", "C", "D")
QUESTION = "\n\nQuestion about the document: {question}\n{choices}\nThe right choice is"


@TASKS.register("longbench_v2")
@dataclasses.dataclass(frozen=True)
class LongBenchV2(Published, InsertedTask):
    """A question of four choices about a document of 8K to 2M words, which lies in prose; chance is 25 %.

    Measures: understanding of long documents.
    Source: Bai et al. 2024, arXiv:2412.15204; data Apache 2.0, `zai-org/LongBench-v2`.

    The published protocol cuts the middle out of what is too long; here only documents that fit whole are asked about,
    and prose fills what is left, so rates are not those of its table.

    Attributes:
        split: split of the data set.
    """

    revision: str = "2b48e494f2c7a2f0af81aae178e05c7e1dde0fe9"
    split: str = "train"

    CHOICE: ClassVar[bool] = True
    NAME: ClassVar[str] = "zai-org/LongBench-v2"
    SCHEMA: ClassVar[Schema] = (
        ("question", TEXT),
        *((f"choice_{letter}", TEXT) for letter in LETTERS),
        ("answer", one_of(*LETTERS)),
        ("context", TEXT),
    )

    def characters(self) -> Sequence[int]:
        """Characters of each document."""
        return self.characters_of("context")

    def entry(self, row: int) -> Entry:
        """A row as a task."""
        values = self.records().rows[row]
        choices = "\n".join(f"{letter}. {values[f'choice_{letter}'].strip()}" for letter in LETTERS)
        question = QUESTION.format(question=values["question"].strip(), choices=choices)
        return Entry(f"\n\n{values['context'].strip()}\n\n", question, (values["answer"],), "choice", LETTERS)
