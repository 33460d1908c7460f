"""Files that a kill cannot leave half written, and rows read back from one that was cut short."""

import contextlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lh_eval.errors import InputError
from lh_eval.store.digest import Link, split_digest
from lh_eval.store.rows import Row
from lh_eval.validation import parse_json


class Samples(NamedTuple):
    """What a samples file holds.

    rows: its rows in the order written.
    links: the same as the chain of digests sees them.
    size: bytes up to the end of the last whole line; what comes after is the line that a kill tore.
    """

    rows: list[Row]
    links: list[Link]
    size: int


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` to `path` whole or not at all: a reader sees the file from before or the new one.

    Raises:
        InputError: it cannot be written; nothing of it is left behind then.
        ValueError: a value is NaN or infinite, which JSON does not have.
    """
    try:
        replace_file(path, json_bytes(values))
    except OSError as error:
        raise InputError(
            f"{path} must be a file that can be written, got {short(error)}; "
            "make that possible, and the same command goes on"
        ) from None


def json_bytes(values: Mapping[str, Any]) -> bytes:
    """What `write_json` writes.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    return (json.dumps(values, indent=2, allow_nan=False) + "\n").encode()


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all.

    Raises:
        OSError: it cannot be written; nothing of it is left behind then.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb", buffering=0) as file:
            write_all(file.fileno(), data)
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it; the system may take less at a time, as it does where a disk fills up.

    Raises:
        OSError: it takes no more; a part may be written.
    """
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        values = parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} must be a readable JSON file, got {short(error)}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} must hold a JSON object, got {type(values).__name__}")
    return values


def read_samples(path: Path) -> Samples:
    """Read samples.jsonl; a torn last line is left out, a missing file has no rows.

    Raises:
        InputError: it cannot be read, a line before the last is not JSON, or a line is JSON but no row.
    """
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise InputError(f"{path} must be a readable file, got {short(error)}") from None
    lines = list(io.BytesIO(data))
    rows: list[Row] = []
    links: list[Link] = []
    size = 0
    for number, line in enumerate(lines, start=1):
        last = number == len(lines)
        if last and not line.endswith(b"\n"):
            break
        link = split_digest(line)
        try:
            rows.append(Row.from_json(link.body))
        except InputError as error:
            raise InputError(f"{path} line {number}: {error}") from None
        except ValueError as error:
            # A power cut can leave the last line at its full size but with its bytes unwritten.
            if last:
                break
            raise InputError(
                f"{path} must have a row on every line, got {short(error)} on line {number}; remove that line"
            ) from None
        links.append(link)
        size += len(line)
    return Samples(rows, links, size)


def short(error: Exception) -> str:
    """What an error says, without its number and path."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
