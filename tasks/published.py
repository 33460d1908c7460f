"""What tasks made of published data sets share: where the rows come from, and what identifies them."""

import dataclasses
from typing import ClassVar

from lh_eval.corpora.records import Origin, Records, load_records


@dataclasses.dataclass(frozen=True)
class Published:
    """A data set on the hub, or local files of its schema.

    No revision is pinned unless `revision` says so: a run records `data_sha256`, the hash of the rows themselves.

    Attributes:
        files: a local .json, .jsonl, .parquet or .csv file, or a pattern of several, instead of the hub.
        revision: commit, tag or branch of the data set.
    """

    files: str = ""
    revision: str = "main"

    NAME: ClassVar[str]
    COLUMNS: ClassVar[tuple[str, ...]]

    @property
    def origin(self) -> Origin:
        """Where the rows are."""
        split = getattr(self, "split", "train")
        return Origin(self.NAME, getattr(self, "config", ""), split, self.revision, self.files)

    def records(self) -> Records:
        """The rows.

        Raises:
            InputError: as `load_records`.
        """
        return load_records(self.origin, self.COLUMNS)

    @property
    def data_sha256(self) -> str:
        """Hash of the rows."""
        return self.records().sha256
