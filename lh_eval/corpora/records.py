"""Rows of published data sets through `datasets`: from the hub at a revision, or from files of the same schema."""

import contextlib
import functools
import glob
import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.corpora.json_objects import check_objects
from lh_eval.corpora.kinds import ValueKind
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from datasets import Dataset

FORMATS = {".txt": "text", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".csv": "csv"}


class Origin(NamedTuple):
    """Where rows come from.

    name: the data set on the hub, `owner/name`.
    config: its configuration; "" is the default one.
    split: its split.
    revision: commit, tag or branch of the hub.
    files: a local file of the same schema, or a pattern of several, read instead of the hub; "" is none.
    member: the one file of the data set that is read; "" is all that belong to the split.
    """

    name: str
    config: str = ""
    split: str = "train"
    revision: str = "main"
    files: str = ""
    member: str = ""

    @property
    def shown(self) -> str:
        """What messages call it."""
        return self.files or f"{self.name}{f'/{self.config}' if self.config else ''}@{self.revision}:{self.split}"


class Records(NamedTuple):
    """Rows and what identifies them.

    rows: the rows, with the columns that were asked for among theirs.
    sha256: hash of those columns of all rows, whichever file or revision they came from.
    revision: the commit that the hub gave; None for local files.
    """

    rows: "Dataset"
    sha256: str
    revision: str | None


@functools.cache
def load_records(origin: Origin, columns: tuple[str, ...], kinds: tuple[ValueKind, ...] = ()) -> Records:
    """Load rows once a process, and check that the columns are there.

    Args:
        origin: where they come from.
        columns: names of the columns.
        kinds: what their values must be; none for values that are not checked.

    Raises:
        InputError: a file is missing or cannot be read, the hub cannot be reached or lacks the data set, there are no
            rows, a column is missing or a value of it is of another kind.
    """
    rows = _read(origin)
    missing = [name for name in columns if name not in rows.column_names]
    if missing:
        raise InputError(
            f"dataset must have the columns {', '.join(columns)}, got {', '.join(rows.column_names) or 'none'} in "
            f"{origin.shown}; {missing[0]!r} is missing"
        )
    if not len(rows):
        raise InputError(f"dataset must have rows, got none in {origin.shown}; take another split or file")
    rows = rows.select_columns(list(columns))
    digest = hashlib.sha256()
    checks = list(zip(columns, kinds, strict=True)) if kinds else []
    try:
        for number, row in enumerate(rows, 1):
            for name, kind in checks:
                kind.check(row[name], name, number, origin.shown)
            digest.update(json.dumps(row, sort_keys=True, ensure_ascii=False, default=str).encode() + b"\n")
    except UnicodeError as error:  # of a value, which `datasets` reads when it is asked for
        raise InputError(f"dataset must be UTF-8, got another text in {origin.shown}: {error}; convert it") from None
    return Records(rows, digest.hexdigest(), _commit(rows))


@functools.cache
def columns_of(origin: Origin) -> list[str]:
    """The names of its columns, for data of which some are there or not; errors as in `load_records`."""
    return list(_read(origin).column_names)


def _read(origin: Origin) -> "Dataset":
    return _from_files(origin.files) if origin.files else _from_hub(origin)


def _from_files(pattern: str) -> "Dataset":
    import datasets

    paths = sorted(glob.glob(pattern)) or [pattern]
    for path in paths:
        if not Path(path).is_file():
            raise InputError(f"file must be there, got {path!r}; give the path of a {', '.join(FORMATS)} file")
    kinds = {Path(path).suffix for path in paths}
    if len(kinds) > 1 or not kinds <= FORMATS.keys():
        raise InputError(f"file must be one of {', '.join(FORMATS)}, got {pattern!r}; convert it")
    kind = FORMATS[kinds.pop()]
    options = {"sample_by": "document"} if kind == "text" else {}
    try:
        if kind == "json":
            for path in paths:
                check_objects(path)
        with _quiet():
            # what `datasets` has of a file it finds again by path and time, which a copy may keep: by content, too
            return datasets.load_dataset(kind, name=_content(paths), data_files=paths, split="train", **options)
    except Exception as error:
        cause = error.__cause__ or error
        # of an empty file `datasets` says no more than StopIteration
        said = "no data" if isinstance(cause, StopIteration) else _first_line(cause)
        raise InputError(f"file must be readable as {kind}, got {pattern!r}: {said}") from None


def _content(paths: list[str]) -> str:
    """A name for what the files hold."""
    digest = hashlib.sha256()
    for path in paths:
        with Path(path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256-{digest.hexdigest()[:16]}"


def _from_hub(origin: Origin) -> "Dataset":
    import datasets

    try:
        with _quiet():
            return datasets.load_dataset(
                origin.name,
                origin.config or None,
                data_files=origin.member or None,
                split=origin.split,
                revision=origin.revision,
            )
    except datasets.exceptions.DatasetNotFoundError:
        raise InputError(
            f"dataset must be on the hub and open to you, got {origin.shown!r}; "
            "check the name, and log in if it is gated"
        ) from None
    except OSError as error:
        raise InputError(
            f"hub must be reachable for {origin.shown!r}, got {_first_line(error)}; "
            "go online once, or give a local file of the same schema"
        ) from None
    except Exception as error:
        raise InputError(f"dataset must have that configuration and split, got {_first_line(error)}") from None


def _commit(rows: "Dataset") -> str | None:
    """The commit in the addresses of what was downloaded: hf://datasets/OWNER/NAME@COMMIT/FILE."""
    for address in rows.info.download_checksums or {}:
        _, at, rest = str(address).partition("@")
        if at and str(address).startswith("hf://"):
            return rest.partition("/")[0]
    return None


def _first_line(error: Any) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Neither progress bars nor a line for each retry: what goes wrong is said once, in one line."""
    import datasets

    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "datasets")]
    levels, bars = [logger.level for logger in loggers], datasets.are_progress_bars_disabled()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if not bars:
            datasets.enable_progress_bars()
