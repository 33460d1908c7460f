"""Prompts made again from what their rows hold, and checked by their hash."""

import dataclasses
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lh_eval.checkpoints.catalog import CATALOG
from lh_eval.checkpoints.loading import load_tokenizer
from lh_eval.checkpoints.locating import SHIPPED
from lh_eval.errors import InputError
from lh_eval.tasks.base import task_as_of
from lh_eval.tasks.building.marking import Piece, around_needles, prompt_pieces

_BESIDE = 220  # characters that are shown on either side of a needle
_QUESTION = 400


@dataclasses.dataclass(frozen=True)
class PromptExcerpt:
    """What the page shows of a prompt.

    Attributes:
        pieces: the text around the needles, needles marked.
        question: what follows the context.
        note: why there is none of it; None where there is.
    """

    pieces: tuple[Piece, ...] = ()
    question: str = ""
    note: str | None = None


class Prompts:
    """Makes prompts again, each once.

    Args:
        wanted: False where no prompt is to be shown.
        model: checkpoint whose tokenizer is taken for all runs; the one that each run's config.json names if None.
    """

    def __init__(self, *, wanted: bool = True, model: str | None = None) -> None:
        self._wanted = wanted
        self._model = model
        self._tokenizers: dict[str, Any] = {}
        self._made: dict[tuple[str, str], PromptExcerpt] = {}

    def of_row(self, config: Mapping[str, Any], row: Mapping[str, Any]) -> PromptExcerpt:
        """The prompt of a row; one that cannot be made, or is not the one that was run, has a note instead."""
        if not self._wanted:
            return PromptExcerpt(note="Prompts were left out of this report.")
        digest = row["prompt_sha256"]
        if not isinstance(digest, str):
            return PromptExcerpt(note="The sample could not be made when it was run.")
        name = self._model or _model_name(config)
        if (name, digest) not in self._made:
            self._made[name, digest] = self._make(name, row, int(config.get("task_version", 1)))
        return self._made[name, digest]

    def _make(self, name: str, row: Mapping[str, Any], version: int) -> PromptExcerpt:
        tokenizer = self._tokenizer(name)
        if isinstance(tokenizer, str):
            return PromptExcerpt(note=f"The prompt cannot be shown: {tokenizer}")
        try:
            places = {"length": int(row["length"]), "trial": int(row["trial"]), "seed": int(row["seed"])}
            sample = task_as_of(row["task"], version).sample(tokenizer, depth=float(row["depth"]), **places)
        except Exception as error:  # a task is anyone's code
            return PromptExcerpt(note=f"The prompt cannot be made again: {textwrap.shorten(str(error), 300)}")
        if sample.prompt_sha256 != row["prompt_sha256"]:
            return PromptExcerpt(
                note="The prompt made again has another hash than the one that was run, and is not shown: the "
                "tokenizer, the task or its text has changed."
            )
        pieces = around_needles(prompt_pieces(tokenizer, sample), _BESIDE)
        question = textwrap.shorten(tokenizer.decode(sample.question_ids), _QUESTION, placeholder=" …")
        return PromptExcerpt(pieces=tuple(pieces), question=question)

    def _tokenizer(self, name: str) -> Any:
        """The tokenizer, or one line that says why there is none."""
        if name not in self._tokenizers:
            try:
                # a report does not go to the network by itself: a hub's name must be asked for
                if self._model is None and name not in {*SHIPPED, *CATALOG} and not (name and Path(name).is_dir()):
                    raise InputError(f"the tokenizer of {name!r} is not here; name its folder with --model")
                self._tokenizers[name] = load_tokenizer(name)
            except InputError as error:
                self._tokenizers[name] = str(error)
        return self._tokenizers[name]


def _model_name(config: Mapping[str, Any]) -> str:
    model = config.get("model")
    name = model.get("name") if isinstance(model, dict) else model
    return name if isinstance(name, str) else ""
