"""NoLiMa: needles that share no word with the question."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from lh_eval.corpora.kinds import TEXT, TEXT_OR_NUMBER, fields, list_of, values_of
from lh_eval.corpora.records import Origin
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.inserted import Entry, InsertedTask
from lh_eval.tasks.building.published import Published, Schema, read_records

QUESTION = "\n\nQuestion about the text: {question}\nAnswer with the name alone:"
SCHEMA = (
    ("needle", TEXT),
    ("questions", values_of(TEXT)),
    ("character_set", list_of(TEXT)),
    ("tests", values_of(fields(input_args=list_of(TEXT_OR_NUMBER)))),
)
HOPS = ("onehop", "twohop")


@TASKS.register("nolima")
@dataclasses.dataclass(frozen=True)
class NoLiMa(Published, InsertedTask):
    """One sentence about a person in real prose; the question shares no word with it but takes world knowledge.

    Measures: retrieval by meaning, where matching words does not help.
    Source: Modarressi et al. 2025, arXiv:2502.05167; needles under the Adobe Research License (not for commercial use),
        `amodaresi/NoLiMa`, none of them shipped.

    The prose is ours, so rates are not those of the paper.

    Attributes:
        needles: file of the data set with the needles.
        hops: `onehop` or `twohop`: how far the knowledge is from the needle.
    """

    revision: str = "378115b1f136b6ba78f90f78682bc55f70ec3ddd"
    needles: str = "needlesets/needle_set.json"
    hops: str = "onehop"

    NAME: ClassVar[str] = "amodaresi/NoLiMa"
    SCHEMA: ClassVar[Schema] = SCHEMA

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hops not in HOPS:
            raise InputError(f"hops must be one of {', '.join(HOPS)}, got {self.hops!r}")

    @property
    def origin(self) -> Origin:
        """The file of needles."""
        return super().origin._replace(member=self.needles)

    def characters(self) -> Sequence[int]:
        """Characters of each needle."""
        return [len(case.needle) for case in _cases(self.origin, self.hops)]

    def entry(self, row: int) -> Entry:
        """A needle with one of its names, each in turn."""
        case = _cases(self.origin, self.hops)[row]
        needle, question = (text.replace("{CHAR}", case.person) for text in (case.needle, case.question))
        return Entry(f" {needle}", QUESTION.format(question=question), (case.person,))


class _Case(NamedTuple):
    needle: str
    question: str
    person: str


@functools.cache
def _cases(origin: Origin, hops: str) -> list[_Case]:
    """Every needle with every test's words and every name."""
    cases = []
    for row in read_records(origin, SCHEMA).rows:
        question = row["questions"].get(hops)
        if not question or "{CHAR}" not in row["needle"]:
            continue
        for test in filter(None, row["tests"].values()):  # a test that another needle has is None here
            needle, asked = (_fill(text, test["input_args"]) for text in (row["needle"], question))
            cases += [_Case(needle, asked, person) for person in row["character_set"]]
    if not cases:
        raise InputError(f"dataset must have needles with {hops} questions, got none in {origin.shown}")
    return cases


def _fill(text: str, arguments: Sequence[Any]) -> str:
    """The text with {1}, {2}, ... filled in."""
    for number, argument in enumerate(arguments, 1):
        text = text.replace(f"{{{number}}}", str(argument))
    return text
