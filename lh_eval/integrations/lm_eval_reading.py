"""Prefilling contexts once and scoring what follows them, for lm-eval's requests."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import DynamicCache

from lh_eval.engine.prefilling import Prefiller

# Scored rows that get logits at a time: at V = 128K in float32, half a gigabyte.
_ROWS = 1024


class Query(NamedTuple):
    """Tokens after a context, of which the last ones are scored.

    context: int32 token ids as bytes.
    tail: tokens that follow.
    rows: tokens at the tail's end whose logits are asked for.
    """

    context: bytes
    tail: tuple[int, ...]
    rows: int


def whole_ids(query: Query) -> list[int]:
    """The token ids of context and tail."""
    return [*np.frombuffer(query.context, dtype=np.int32).tolist(), *query.tail]


class Reading(NamedTuple):
    """A context and all that is asked about it.

    context: int32 token ids as bytes.
    queries: one for each different tail, in order of appearance.
    """

    context: bytes
    queries: tuple[Query, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Readings of one shape can be batched."""
        return (len(self.context), *itertools.chain.from_iterable((len(q.tail), q.rows) for q in self.queries))


def readings(queries: Iterable[Query]) -> list[Reading]:
    """Put together what is asked about each context; the longest contexts first, those of one shape side by side."""
    by_context: dict[bytes, dict[tuple[int, ...], int]] = {}
    for query in queries:
        tails = by_context.setdefault(query.context, {})
        tails[query.tail] = max(query.rows, tails.get(query.tail, 0))
    made = [
        Reading(context, tuple(Query(context, tail, rows) for tail, rows in tails.items()))
        for context, tails in by_context.items()
    ]
    return sorted(made, key=lambda reading: reading.shape, reverse=True)


def batches(made: list[Reading], size_of: Callable[[int], int]) -> Iterator[list[Reading]]:
    """Cut readings into batches of one shape; those in a row go into one row of batch after batch.

    So a row's contexts, the depths of one trial, are read on from where they part (`Prefiller`).

    Args:
        made: what `readings` returns.
        size_of: the most prompts of a length that run together.
    """
    for _, alike in itertools.groupby(made, key=lambda reading: reading.shape):
        same = list(alike)
        longest = len(same[0].context) // 4 + max(len(query.tail) for query in same[0].queries)
        size = size_of(longest)
        count = -(-len(same) // size)
        for start in range(count):
            yield same[start::count]


def read(prefiller: Prefiller, batch: list[Reading]) -> DynamicCache:
    """Prefill the contexts of a batch; an empty cache where they are empty."""
    if not batch[0].context:
        return DynamicCache(config=prefiller.model.config)
    return prefiller.read([np.frombuffer(reading.context, dtype=np.int32).tolist() for reading in batch])


def begin_alike(made: Sequence[list[Reading]]) -> list[bool]:
    """Whether a quarter of each batch's contexts is its neighbour's too, so that a cache saves reading it again."""
    pairs = [
        all(b.context.startswith(a.context[: len(a.context) // 4]) for a, b in zip(one, other, strict=False))
        for one, other in itertools.pairwise(made)
    ]
    return [before or after for before, after in zip([False, *pairs], [*pairs, False], strict=True)]


def is_read_once(batch: list[Reading]) -> bool:
    """Whether nothing but one short tail follows each context, so that no cache is needed where attention is dense."""
    return len(batch[0].queries) == 1 and batch[0].queries[0].rows <= _ROWS


def rows_without_cache(model: Any, queries: Sequence[Query]) -> torch.Tensor:
    """Log-probabilities [B, rows, V] after each of the last rows of context and tail, read at once and densely.

    A layer's keys and values are gone with it: what memory holds is one layer's, not those of all.
    """
    ids = torch.tensor([whole_ids(query) for query in queries], device=model.device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=queries[0].rows).logits
    logprobs: torch.Tensor = logits.float().log_softmax(-1)
    return logprobs


def rows_of(model: Any, cache: DynamicCache, tails: torch.Tensor, rows: int) -> Iterator[tuple[int, torch.Tensor]]:
    """Log-probabilities after each of the last `rows` tokens, at most so many rows at a time as memory bears.

    Args:
        model: transformers causal LM, attending densely.
        cache: what comes before; it is appended to.
        tails: [B, n] token ids.
        rows: rows that are scored, at most n.

    Yields:
        The first row's number, and the log-probabilities [B, r, V] of the next token in float32.
    """
    first = tails.shape[1] - rows
    edges = [0, *range(first + _ROWS, tails.shape[1], _ROWS), tails.shape[1]]
    for begin, end in itertools.pairwise(edges):
        scored = end - max(begin, first)
        logits = model(
            input_ids=tails[:, begin:end], past_key_values=cache, use_cache=True, logits_to_keep=scored
        ).logits[:, -scored:]
        yield end - scored - first, logits.float().log_softmax(-1)
