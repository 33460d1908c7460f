"""Running text to hide needles in: shipped, the user's own file, or a column of a data set on the hub.

load_text("moby_dick")                      # shipped, in the public domain
load_text("essays.jsonl#body")              # a column of a file; "text" if none is named
load_text("owner/name@3f2c1ab:train#text")  # the hub, at a revision
"""

import functools
import hashlib
import lzma
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.corpora.records import FORMATS, Origin, load_records
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from datasets import Dataset

SHIPPED = ("moby_dick", "state_of_the_union")
PROSE = "moby_dick"  # what the name `prose` stands for
LEAST_CHARACTERS = 1000

_HUB = re.compile(
    r"(?P<name>[\w.-]+/[\w.-]+)(?:/(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?(?::(?P<split>[^#]+))?"
)


class Text(NamedTuple):
    """Documents and what identifies them.

    rows: column `text`, a row a document.
    sha256: hash of the documents as UTF-8, an empty line between them.
    """

    rows: "Dataset"
    sha256: str

    @property
    def whole(self) -> str:
        """All documents, an empty line between them."""
        return "\n\n".join(self.rows["text"])


def shipped_bytes(name: str) -> bytes:
    """A text of `SHIPPED` in UTF-8."""
    return lzma.decompress((resources.files("lh_eval.assets") / "text" / f"{name}.txt.xz").read_bytes())


@functools.cache
def load_text(source: str) -> Text:
    """Load text once a process.

    Args:
        source: a shipped text's name, or `prose` for the novel; the path of a .txt, .jsonl, .json, .csv or .parquet
            file, with `#COLUMN` if it is not `text`; or `OWNER/NAME[/CONFIG][@REVISION][:SPLIT][#COLUMN]` on the hub,
            `main` and `train` if not given.

    Raises:
        InputError: no such text, too little of it, or what `load_records` raises.
    """
    from datasets import Dataset

    if source == "prose":
        return load_text(PROSE)
    if source in SHIPPED:
        rows = Dataset.from_dict({"text": [shipped_bytes(source).decode()]})
    else:
        origin, column = _parse(source)
        rows = load_records(origin, (column,)).rows
        texts = [text for text in rows[column] if text]
        if wrong := next((text for text in texts if not isinstance(text, str)), None):
            raise InputError(f"column {column!r} must be text, got {type(wrong).__name__} in {source!r}; name another")
        rows = Dataset.from_dict({"text": texts})
    whole = "\n\n".join(rows["text"])
    if len(whole.strip()) < LEAST_CHARACTERS:
        raise InputError(
            f"haystack must be at least {LEAST_CHARACTERS} characters of text, got {len(whole.strip())} in {source!r}; "
            "give a longer one"
        )
    return Text(rows, hashlib.sha256(whole.encode()).hexdigest())


def _parse(source: str) -> tuple[Origin, str]:
    """Where the text is, and its column."""
    place, _, column = source.partition("#")
    column = column or "text"
    if Path(place).suffix in FORMATS:
        return Origin(name="", files=place), column
    if (match := _HUB.fullmatch(place)) is None:
        raise InputError(
            f"haystack must be one of {', '.join(SHIPPED)}, the path of a {', '.join(FORMATS)} file or "
            f"OWNER/NAME[/CONFIG][@REVISION][:SPLIT][#COLUMN] on the hub, got {source!r}; check its spelling"
        )
    given = {name: value for name, value in match.groupdict().items() if value}
    return Origin(**given), column
