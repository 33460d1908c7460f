"""One batch through the model: contexts prefilled, questions attending densely to their cache, answers read off."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache

from lh_eval.evaluation.answering import Answer, answer
from lh_eval.evaluation.prefilling import Prefiller, repeated
from lh_eval.evaluation.recall import SelectionRecall
from lh_eval.tasks.base import Sample


class Outcome(NamedTuple):
    """What the model did with a sample.

    answer: what it said, and how likely the right answer was to it.
    selection_recall: see `SelectionRecall`.
    """

    answer: Answer
    selection_recall: float | None


@torch.inference_mode()
def run_batch(
    prefiller: Prefiller, tokenizer: Any, samples: list[Sample], *, at_once: int | None = None
) -> list[Outcome]:
    """Run samples whose contexts are of one length, and whose questions are; each distinct context is read once.

    Args:
        prefiller: the model, and how it attends.
        tokenizer: its tokenizer.
        samples: the batch.
        at_once: most questions that are answered at once; all if None.

    Returns:
        An outcome for each sample.

    Raises:
        InputError: the model gives no finite logit where one is looked at, or a sample cannot be answered.
    """
    rows = _rows(samples, sharing=prefiller.sharing)
    recall = SelectionRecall([sample.spans for sample in samples], rows)
    contexts = [samples[rows.index(row)].context_ids for row in range(max(rows) + 1)]
    prefiller.session.on_select = recall
    try:
        cache = prefiller.read(contexts)
    finally:
        prefiller.session.on_select = None
    answers = _answer_all(prefiller.model, tokenizer, cache, samples, rows, at_once or len(samples))
    return [Outcome(said, share) for said, share in zip(answers, recall.of_samples(), strict=True)]


def _rows(samples: list[Sample], *, sharing: bool) -> list[int]:
    """The row of each sample's context in the prefill, equal contexts in one."""
    if not sharing:
        return list(range(len(samples)))
    seen: dict[tuple[int, ...], int] = {}
    return [seen.setdefault(tuple(sample.context_ids), len(seen)) for sample in samples]


def _answer_all(
    model: Any, tokenizer: Any, cache: DynamicCache, samples: list[Sample], rows: list[int], at_once: int
) -> list[Answer]:
    """Ask each context's questions in rounds, as many of every context at once as `at_once` allows."""
    asked: list[list[int]] = [[] for _ in range(max(rows) + 1)]
    for place, row in enumerate(rows):
        asked[row].append(place)
    most = max(map(len, asked))
    repeats = min(most, max(1, at_once // len(asked)))
    found: dict[int, Answer] = {}
    with repeated(cache, repeats) as wide:
        for places in _rounds(asked, most, repeats):
            found |= zip(places, answer(model, tokenizer, wide, [samples[place] for place in places]), strict=True)
    return [found[place] for place in range(len(samples))]


def _rounds(asked: list[list[int]], most: int, repeats: int) -> Iterator[list[int]]:
    """Samples of each round, `repeats` for each context; one with fewer questions gets its first again."""
    for start in range(0, most, repeats):
        parts = [places[start : start + repeats] for places in asked]
        filled = [part + places[:1] * (repeats - len(part)) for part, places in zip(parts, asked, strict=True)]
        yield list(itertools.chain.from_iterable(filled))
