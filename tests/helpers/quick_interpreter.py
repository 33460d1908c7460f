"""Triton's interpreter without work that it does over and over and whose result nothing uses."""

import dataclasses
from typing import Any

from triton.runtime import interpreter


class _Scope:
    """What a launch has patched, and which modules' functions have seen it."""

    def __init__(self, patched: Any, seen: set[int]) -> None:
        self._patched, self._seen = patched, seen

    def restore(self) -> None:
        self._seen.clear()
        self._patched.restore()


def quicken() -> None:
    """Make kernels run in less than half the time, with the same results.

    - Integers are not computed a second time in 64 bits to look for overflow: without the debug option the interpreter
      drops what it finds.
    - A function called by a kernel does not patch `triton.language` again: a launch does so once for each module.
    """
    builder = interpreter.interpreter_builder
    if not builder.options.debug:
        builder.options = dataclasses.replace(builder.options, sanitize_overflow=False)
    patch, seen = interpreter._patch_lang, set()

    def patch_once(fn: Any) -> Any:
        if id(fn.__globals__) in seen:  # only calls by a kernel come here, and they drop what is returned
            return None
        seen.add(id(fn.__globals__))
        return _Scope(patch(fn), seen)

    interpreter._patch_lang = patch_once
