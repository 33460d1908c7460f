"""Where finished output goes: its folder is made, and a place that cannot be written is one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lh_eval.errors import InputError


@contextmanager
def writing(place: str | Path, *, option: str = "out", what: str = "file") -> Iterator[Path]:
    """Write within this: the folder that `place` lies in is there.

    Args:
        place: a file, with or without its suffix, or a folder.
        option: what the user gave the place by.
        what: what it must be, a file or a folder.

    Raises:
        InputError: the place cannot be written.
    """
    path = Path(place)
    try:
        (path if what == "folder" else path.parent).mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise InputError(f"{option} must be a {what} that can be written, got {path} ({error.strerror})") from None


def write_text(file: str | Path, text: str, *, option: str = "out") -> Path:
    """Write a text file; errors as in `writing`."""
    with writing(file, option=option) as path:
        path.write_text(text, encoding="utf-8")
    return path
