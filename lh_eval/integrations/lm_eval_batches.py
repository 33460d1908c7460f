"""Which of lm-eval's requests go through the model together: what is asked about one context, contexts of one shape."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np


class Query(NamedTuple):
    """Tokens after a context, and the last rows that are scored.

    context: int32 token ids as bytes.
    tail: tokens that follow; none where the context is the whole prompt, and what comes next is asked.
    rows: how many of the last tokens are asked what comes next; where the context is the whole prompt, its own last
        token is the first of them.
    """

    context: bytes
    tail: tuple[int, ...]
    rows: int


def context_ids(context: bytes) -> list[int]:
    """A context's token ids."""
    ids: list[int] = np.frombuffer(context, dtype=np.int32).tolist()
    return ids


class Asked(NamedTuple):
    """A context and all that is asked about it.

    context: int32 token ids as bytes.
    queries: one for each different tail, in order of appearance.
    """

    context: bytes
    queries: tuple[Query, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Contexts of one shape can be batched."""
        return (len(self.context), *itertools.chain.from_iterable((len(q.tail), q.rows) for q in self.queries))


Batch = list[Asked]  # of one shape


def by_context(queries: Iterable[Query]) -> list[Asked]:
    """Put together what is asked about each context; the longest contexts first, those of one shape side by side."""
    found: dict[bytes, dict[tuple[int, ...], int]] = {}
    for query in queries:
        tails = found.setdefault(query.context, {})
        tails[query.tail] = max(query.rows, tails.get(query.tail, 0))
    made = [
        Asked(context, tuple(Query(context, tail, rows) for tail, rows in tails.items()))
        for context, tails in found.items()
    ]
    return sorted(made, key=lambda asked: asked.shape, reverse=True)


def batches(made: list[Asked], size_of: Callable[[int], int]) -> Iterator[Batch]:
    """Cut contexts into batches of one shape; those in a row go into one row of batch after batch.

    So a row's contexts, the depths of one trial, are read on from where they part (`Prefiller`).

    Args:
        made: what `by_context` returns.
        size_of: the most prompts of a length that run together.
    """
    for _, alike in itertools.groupby(made, key=lambda asked: asked.shape):
        same = list(alike)
        longest = len(same[0].context) // 4 + max(len(query.tail) for query in same[0].queries)
        size = size_of(longest)
        count = -(-len(same) // size)
        for start in range(count):
            yield same[start::count]


def rounds(batch: Batch) -> Iterator[tuple[Query, ...]]:
    """The batch's queries, one of each context at a time."""
    return zip(*(asked.queries for asked in batch), strict=True)


def begin_alike(made: Sequence[Batch]) -> list[bool]:
    """Whether a quarter of each batch's contexts is its neighbour's too, so that a cache saves reading it again."""
    pairs = [
        all(b.context.startswith(a.context[: len(a.context) // 4]) for a, b in zip(one, other, strict=False))
        for one, other in itertools.pairwise(made)
    ]
    return [before or after for before, after in zip([False, *pairs], [*pairs, False], strict=True)]
