"""One batch through the model: contexts prefilled, questions attending densely to their cache, answers read off."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache

from lh_eval.engine.answering import Answer, answer
from lh_eval.engine.prefilling import Prefiller, Stack, is_croppable, repeated
from lh_eval.engine.recall import Recall, SelectionRecall
from lh_eval.tasks.base import Sample


class Outcome(NamedTuple):
    """What the model did with a sample.

    answer: what it said, and how likely the right answer was to it.
    recall: which heads' selections held the needle; None where nothing was selected or there is no needle.
    """

    answer: Answer
    recall: Recall | None


@torch.inference_mode()
def run_batch(
    prefiller: Prefiller,
    tokenizer: Any,
    samples: list[Sample],
    *,
    at_once: int | None = None,
    width: int | None = None,
) -> list[Outcome]:
    """Run samples; each distinct context is read once.

    Args:
        prefiller: the model, and how it attends.
        tokenizer: its tokenizer.
        samples: the batch: contexts of one length and questions of one length, or, read densely, prompts of one length.
        at_once: most questions that are answered at once; all if None.
        width: contexts that are read side by side, one such group after the other, and answered together as far as
            `at_once` allows; all if None. Only where contexts are read densely.

    Returns:
        An outcome for each sample.

    Raises:
        InputError: the model gives no finite logit where one is looked at, or a sample cannot be answered.
    """
    # dense attention does not care where a context ends: at the end of the shortest, all are of one length
    cut = min(len(sample.context_ids) for sample in samples)
    begun = [sample.context_ids[:cut] for sample in samples]
    rows = _rows(begun, sharing=prefiller.sharing)
    recall = SelectionRecall([sample.spans for sample in samples], rows)
    contexts = [begun[rows.index(row)] for row in range(max(rows) + 1)]
    at_once, width = at_once or len(samples), width or len(contexts)
    most = max(map(rows.count, range(len(contexts))))
    step = width * (max(1, at_once // most // width) if prefiller.croppable else 1)
    prefiller.session.on_select = recall
    found: dict[int, Answer] = {}
    try:
        for start in range(0, len(contexts), step):
            cache = _read(prefiller, contexts[start : start + step], width)
            asked = [
                [place for place, of in enumerate(rows) if of == row] for row in range(start, len(contexts))[:step]
            ]
            found |= _answer_all(prefiller.model, tokenizer, cache, samples, asked, cut, at_once)
            del cache
    finally:
        prefiller.session.on_select = None
    said = [found[place] for place in range(len(samples))]
    return [Outcome(one, held) for one, held in zip(said, recall.of_samples(), strict=True)]


def _rows(contexts: list[list[int]], *, sharing: bool) -> list[int]:
    """The row of each sample's context in the prefill, equal contexts in one."""
    if not sharing:
        return list(range(len(contexts)))
    seen: dict[tuple[int, ...], int] = {}
    return [seen.setdefault(tuple(context), len(seen)) for context in contexts]


def _read(prefiller: Prefiller, contexts: list[list[int]], width: int) -> DynamicCache:
    """The cache of contexts, `width` read at a time."""
    if len(contexts) <= width:
        return prefiller.read(contexts)
    stack = Stack()
    for start in range(0, len(contexts), width):
        stack.add(prefiller.read(contexts[start : start + width]))
    return stack.join()


def _answer_all(
    model: Any,
    tokenizer: Any,
    cache: DynamicCache,
    samples: list[Sample],
    asked: list[list[int]],
    cut: int,
    at_once: int,
) -> dict[int, Answer]:
    """Ask each context's samples in rounds, as many of every context at once as `at_once` allows."""
    most = max(map(len, asked))
    repeats = min(most, max(1, at_once // len(asked)))
    apart = 1 if is_croppable(cache) else repeats  # a window's mask is the model's own: there, rows are copied
    found: dict[int, Answer] = {}
    with repeated(cache, apart) as wide:
        for places in _rounds(asked, most, repeats):
            batch = [samples[place] for place in places]
            rests = [sample.context_ids[cut:] + sample.question_ids for sample in batch]
            said = answer(model, tokenizer, wide, batch, rests, repeats=repeats // apart)
            found |= zip(places, said, strict=True)
    return found


def _rounds(asked: list[list[int]], most: int, repeats: int) -> Iterator[list[int]]:
    """Samples of each round, `repeats` for each context; one with fewer questions gets its first again."""
    for start in range(0, most, repeats):
        parts = [places[start : start + repeats] for places in asked]
        filled = [part + places[:1] * (repeats - len(part)) for part, places in zip(parts, asked, strict=True)]
        yield list(itertools.chain.from_iterable(filled))
