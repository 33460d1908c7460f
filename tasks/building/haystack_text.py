"""Real prose as filler: an excerpt of a text from a random sentence on, of an exact number of tokens."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lh_eval.corpora.sentences import split_sentences
from lh_eval.corpora.texts import load_text
from lh_eval.errors import InputError
from lh_eval.spec import split_spec
from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.units import units_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GENERATED = ("noise", "words", "needles")  # haystacks that are no text but drawn


def prose(
    tokenizer: "PreTrainedTokenizerBase", n: int, rng: np.random.Generator, *, source: str = "moby_dick"
) -> Filler:
    """Draw n tokens of running text that begin with a sentence; the last sentence is cut where they end.

    The text is read in a circle and tokenized sentence by sentence, once per tokenizer and source. The rest depends on
    `source` and `rng` alone, so a row's seed and trial and the run's `haystack` give its prompt again.

    Args:
        tokenizer: a transformers tokenizer.
        n: tokens, 0 or more.
        rng: where the first sentence is drawn from.
        source: as in `load_text`.

    Returns:
        Filler whose boundaries are the starts of sentences, and its ends.

    Raises:
        InputError: the text cannot be loaded, there is too little of it, or it has no sentences.
    """
    units = units_of(tokenizer, ("prose", source), lambda: _sentences(source))
    return units.draw(n, rng)


def _sentences(source: str) -> list[str]:
    """The text's sentences; in a single one every needle would lie before it, whatever the depth."""
    sentences = split_sentences(load_text(source).whole)
    if len(sentences) < 2:
        raise InputError(
            f"haystack must have sentences to put needles between, got a single one in {source!r}; "
            "end them with a full stop, a space and a capital, or part them by empty lines"
        )
    return sentences


def with_haystack(specs: Sequence[str], source: str) -> list[str]:
    """Task specs with that haystack, in place of their own, where the task takes one.

    Args:
        specs: task specs; those of tasks without the option stay as they are.
        source: a task's option `haystack`.

    Raises:
        InputError: no task takes it, or the source cannot be an option.
    """
    if not source or "," in source:
        raise InputError(f"haystack must be a text's name, file or data set, without a comma, got {source!r}")
    taking = [_takes_haystack(spec) for spec in specs]
    if not any(taking):
        raise InputError(
            f"haystack must be for a task with that option, got {', '.join(specs)}; lh-eval tasks says which have it"
        )
    return [_replaced(spec, source) if takes else spec for spec, takes in zip(specs, taking, strict=True)]


def _takes_haystack(spec: str) -> bool:
    cls = TASKS.get(spec.partition(":")[0])
    return dataclasses.is_dataclass(cls) and any(field.name == "haystack" for field in dataclasses.fields(cls))


def _replaced(spec: str, source: str) -> str:
    name, items = split_spec(spec)
    kept = [item for item in items if not item.startswith("haystack=")]
    return f"{name}:{','.join([*kept, f'haystack={source}'])}"


def data_hashes(task: Any) -> dict[str, str]:
    """What a run records of its task's data.

    `data_sha256` of its rows, `data_revision`, the commit that they came from, and `haystack_sha256` of its prose.

    Raises:
        InputError: as `prose`.
    """
    found = {name: value for name in ("data_sha256", "data_revision") if (value := getattr(task, name, None))}
    source = getattr(task, "haystack", None)
    if source is not None and source not in GENERATED:
        found["haystack_sha256"] = haystack_sha256(source)
    return found


def haystack_sha256(source: str) -> str:
    """The hash of a source's text: what a run records, since a file or a branch of the hub may change.

    Raises:
        InputError: as `prose`.
    """
    return load_text(source).sha256
