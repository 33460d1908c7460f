"""Folders to read, of arguments that are folders or files of results."""

import contextlib
from collections.abc import Iterable
from pathlib import Path


def as_folders(paths: Iterable[Path], stack: contextlib.ExitStack) -> dict[Path, Path]:
    """By the folder to read, what was given: itself, or the file whose content it has as long as the stack lasts.

    Raises:
        InputError: a file is none of results.
    """
    from lh_eval.store.submission import SUFFIX, unpacked

    return {
        stack.enter_context(unpacked(path)) if path.suffix == SUFFIX and path.is_file() else path: path
        for path in paths
    }
