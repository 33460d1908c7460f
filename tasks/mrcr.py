"""MRCR: one of several requests that are nearly the same, in a long conversation."""

import dataclasses
import json
from collections.abc import Sequence
from typing import ClassVar

from lh_eval.corpora.kinds import NUMBER, TEXT, fields, list_of
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.inserted import Entry, InsertedTask
from lh_eval.tasks.building.published import Published, Schema

WORDS = 8
NO_LENGTH = 2**62
TALK = list_of(fields(role=TEXT, content=TEXT), least=1)


@TASKS.register("mrcr")
@dataclasses.dataclass(frozen=True)
class Mrcr(Published, InsertedTask):
    """The reply to the n-th of several like requests in a long conversation, told by how it begins.

    Measures: telling apart needles that differ in their order alone.
    Source: Vodrahalli et al. 2024, arXiv:2409.12640, in OpenAI's open version; data MIT, `openai/mrcr`.

    That scores the whole reply by `SequenceMatcher`; here its first eight words must follow the marker that is asked
    for, so rates are not those of the published table.

    Attributes:
        needles: like requests in the conversation: 2, 4 or 8.
        split: split of the data set.
    """

    revision: str = "f4c69fae7cf81f7ca26b9fee34b392a50f6b8a1d"
    needles: int = 2
    split: str = "train"

    NAME: ClassVar[str] = "openai/mrcr"
    SCHEMA: ClassVar[Schema] = (
        ("prompt", TEXT),
        ("answer", TEXT),
        ("random_string_to_prepend", TEXT),
        ("n_needles", NUMBER),
    )

    def characters(self) -> Sequence[int]:
        """Characters of each conversation; of one with another number of needles, more than any length holds."""
        wanted = [count == self.needles for count in self.records().rows["n_needles"]]
        if not any(wanted):
            raise InputError(f"needles must be a number that the rows have, got {self.needles}; try 2, 4 or 8")
        sizes = self.characters_of("prompt")
        return [size if fits else NO_LENGTH for size, fits in zip(sizes, wanted, strict=True)]

    def entry(self, row: int) -> Entry:
        """A row as a task: its last message is the question."""
        values = self.records().rows[row]
        *talk, asked = self._talk(values["prompt"], row)
        text = "".join(f"{message['role'].capitalize()}: {message['content'].strip()}\n\n" for message in talk)
        marker = values["random_string_to_prepend"]
        beginning = " ".join(values["answer"].removeprefix(marker).split()[:WORDS])
        question = f"\n\nUser: {asked['content'].strip()}\n\nAssistant: {marker}"
        return Entry(f"\n\n{text}", question, (beginning,))

    def _talk(self, prompt: str, row: int) -> list[dict[str, str]]:
        """The messages of a row; looked at here since to parse all rows would take long."""
        try:
            talk = json.loads(prompt)
        except ValueError:
            talk = prompt
        TALK.check(talk, "prompt", row + 1, self.origin.shown)
        return talk
