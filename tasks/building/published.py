"""What tasks made of published data sets share: where the rows come from, and what identifies them."""

import dataclasses
import functools
from typing import ClassVar

from lh_eval.corpora.kinds import ValueKind
from lh_eval.corpora.records import Origin, Records, load_records

Schema = tuple[tuple[str, ValueKind], ...]


@dataclasses.dataclass(frozen=True)
class Published:
    """A data set on the hub, or local files of its schema.

    Each is pinned to a commit, so that two runs see the same rows; `revision=main` takes what is newest. A run records
    `data_revision`, the commit that the rows came from, and `data_sha256`, the hash of the rows themselves.

    Attributes:
        files: a local .json, .jsonl, .parquet or .csv file, or a pattern of several, instead of the hub.
        revision: commit, tag or branch of the data set on the hub; of no effect on local files.
    """

    files: str = ""
    revision: str = "main"

    CHOICE: ClassVar[bool] = False  # whether its answers are chosen rather than generated: known without the rows
    NAME: ClassVar[str]
    SCHEMA: ClassVar[Schema]  # the columns that are read, and what their values must be

    @property
    def origin(self) -> Origin:
        """Where the rows are."""
        split = getattr(self, "split", "train")
        return Origin(self.NAME, getattr(self, "config", ""), split, self.revision, self.files)

    def records(self) -> Records:
        """The rows.

        Raises:
            InputError: as `read_records`.
        """
        return read_records(self.origin, self.SCHEMA)

    @property
    def data_sha256(self) -> str:
        """Hash of the rows."""
        return self.records().sha256

    @property
    def data_revision(self) -> str | None:
        """The commit of the hub; None for local files."""
        return self.records().revision

    def characters_of(self, column: str) -> tuple[int, ...]:
        """Characters of each row's text in a column."""
        return _characters(self.origin, self.SCHEMA, column)


def read_records(origin: Origin, schema: Schema) -> Records:
    """Rows of a schema.

    Raises:
        InputError: as `load_records`.
    """
    names, kinds = zip(*schema, strict=True)
    return load_records(origin, names, kinds)


@functools.cache
def _characters(origin: Origin, schema: Schema, column: str) -> tuple[int, ...]:
    # once a process: to go through all rows may mean gigabytes
    return tuple(len(text) for text in read_records(origin, schema).rows[column])
