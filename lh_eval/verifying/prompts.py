"""Prompts made again: each row's is the one that its task makes, needle, answer and hash."""

import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from lh_eval.store.rows import Row
from lh_eval.tasks.base import task_as_of

# what a sample decides of its row
_FIELDS = ("needle_start", "needle_end", "prompt_sha256", "answer", "answers", "scoring")


class Maker(NamedTuple):
    """What makes a run's prompts.

    tokenizer: the run's.
    tokenizer_sha256: names it.
    version: of the task.
    rescored: whether rows were judged by another rule than the task's.
    """

    tokenizer: Any
    tokenizer_sha256: str
    version: int
    rescored: bool


class PromptCheck:
    """Makes the prompts of rows again; those that several runs share once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], dict[str, Any] | str] = {}

    def problems(self, row: Row, maker: Maker) -> Iterator[str]:
        """In what a row is not what its task makes; nothing of one whose sample could not be made when it was run."""
        if row.prompt_sha256 is None:
            return
        made = self._sample(row, maker)
        if isinstance(made, str):
            yield f"prompt must be one that its task makes, got {made}"
            return
        for name, expected in made.items():
            got = getattr(row, name)
            if got != expected and not (name == "scoring" and maker.rescored):
                yield f"{name} must be {_short(expected)} as its prompt made again has it, got {_short(got)}"

    def _sample(self, row: Row, maker: Maker) -> dict[str, Any] | str:
        key = (maker.tokenizer_sha256, maker.version, *row.key, row.seed)
        if key not in self._made:
            places = {"length": row.length, "depth": row.depth, "trial": row.trial, "seed": row.seed}
            try:
                sample = task_as_of(row.task, maker.version).sample(maker.tokenizer, **places)  # type: ignore[arg-type]
            except Exception as error:  # a task is anyone's code
                self._made[key] = textwrap.shorten(f"{type(error).__name__}: {error}", 200, placeholder=" ...")
            else:
                made = {name: getattr(sample, name) for name in _FIELDS}
                self._made[key] = made | {"true_depth": sample.depth, "context_tokens": len(sample.context_ids)}
        return self._made[key]


def _short(value: object) -> str:
    return textwrap.shorten(repr(value), 80, placeholder=" ...")
