"""Element data: a number of one element, in a text on all of them."""

import csv
import dataclasses
import functools
import hashlib
from importlib import resources

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Item, gather_items

ENTRY = "{name}, symbol {symbol}, has the atomic number {number} and the atomic weight {weight}. {about}\n\n"
QUESTION = "\n\nAccording to the text, the atomic {field} of {name} is"
FIELDS = ("weight", "number")
MOST_CHARACTERS = 4000


@TASKS.register("element")
@dataclasses.dataclass(frozen=True)
class Element(DocumentTask):
    """The atomic weight of an element, in entries on all elements; those of the others repeat where the text is short.

    Measures: retrieval of a number among alike numbers.
    Source: standard atomic weights (IUPAC, abridged) with the public-domain descriptions of The Elements Database.

    A model knows some by heart: see `closed_book=1`.

    Attributes:
        field: what is asked for, `weight` or `number`.
    """

    field: str = "weight"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.field not in FIELDS:
            raise InputError(f"field must be one of {', '.join(FIELDS)}, got {self.field!r}")

    def document(self) -> Document:
        """The table in entries."""
        return _document(self.field, self.questions)

    @property
    def data_sha256(self) -> str:
        """Hash of the table."""
        return hashlib.sha256(_table().encode()).hexdigest()


@functools.cache
def _table() -> str:
    return (resources.files("lh_eval.assets") / "text" / "elements.csv").read_text(encoding="utf-8")


@functools.cache
def _document(field: str, questions: int) -> Document:
    rows = list(csv.DictReader(_table().splitlines()))
    units = [ENTRY.format(**{**row, "name": row["name"].capitalize()}) for row in rows]
    items = [
        Item((i,), QUESTION.format(field=field, name=row["name"]), (row[field],), "number")
        for i, row in enumerate(rows)
    ]
    return Document(units, gather_items(items, units, questions, MOST_CHARACTERS))
