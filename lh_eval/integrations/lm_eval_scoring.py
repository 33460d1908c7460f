"""How likely what follows a prompt is: log-probabilities of scored rows, each context read once, for lm-eval."""

import itertools
from collections.abc import Iterator, Sequence

import torch
from transformers import DynamicCache, PreTrainedModel

from lh_eval.engine.caches import branch
from lh_eval.engine.prefilling import Prefiller
from lh_eval.integrations.lm_eval_batches import Batch, Query, begin_alike, context_ids, rounds
from lh_eval.methods.base import Reader
from lh_eval.modeling.calls import accepts
from lh_eval.modeling.session import Prefill, positions_from

# Scored rows that get logits at a time: at V = 128K in float32, half a gigabyte.
_ROWS = 1024


def scored_rows(
    prefiller: Prefiller, made: Sequence[Batch], *, whole: bool = False
) -> Iterator[tuple[Query, int, torch.Tensor]]:
    """Read batches and score what follows, in the method's block.

    Args:
        prefiller: the model, and how it attends.
        made: the batches.
        whole: contexts are whole prompts: what comes after them is known once they are read.

    Yields:
        A query, the number of the first of its rows that are there, and the log-probabilities [r, V] of the token
        after each; a query's last rows come last.
    """
    reader = prefiller.reader
    for batch, goes_on in zip(made, begin_alike(made), strict=True):
        if attends_alike(reader) and not goes_on and _is_read_once(batch):
            (alike,) = rounds(batch)
            for query, logprobs in zip(alike, _rows_without_cache(reader.model, alike), strict=True):
                yield query, 0, logprobs
            continue
        filled = read(prefiller, batch, whole=whole)
        for alike in rounds(batch):
            with branch(filled.cache) as cache:
                for begin, logprobs in _rows_of(reader.model, filled._replace(cache=cache), alike):
                    for query, rows in zip(alike, logprobs, strict=True):
                        yield query, begin, rows


def read(prefiller: Prefiller, batch: Batch, *, whole: bool = False) -> Prefill:
    """Prefill the contexts of a batch, nothing where they are empty; with the logits after whole prompts."""
    if not batch[0].context:
        return Prefill(DynamicCache(config=prefiller.model.config), 0)
    return prefiller.read([context_ids(asked.context) for asked in batch], logits=whole)


def attends_alike(reader: Reader) -> bool:
    """Whether all tokens attend alike and to what is before them alone, however a text is cut."""
    return reader.shares_prefixes and (reader.asks_under or not reader.selects)


def _is_read_once(batch: Batch) -> bool:
    """Whether nothing but one short tail follows each context, so that no cache is needed where all attends alike."""
    return len(batch[0].queries) == 1 and batch[0].queries[0].rows <= _ROWS


def _rows_without_cache(model: PreTrainedModel, queries: Sequence[Query]) -> torch.Tensor:
    """Log-probabilities [B, rows, V] after each of the last rows of context and tail, read at once.

    A layer's keys and values are gone with it: what memory holds is one layer's, not those of all.
    """
    ids = torch.tensor([[*context_ids(query.context), *query.tail] for query in queries], device=model.device)
    rows = queries[0].rows
    logits = model(input_ids=ids, use_cache=False, **_keeping(model, rows)).logits[:, -rows:]
    logprobs: torch.Tensor = logits.float().log_softmax(-1)
    return logprobs


def _rows_of(model: PreTrainedModel, filled: Prefill, queries: Sequence[Query]) -> Iterator[tuple[int, torch.Tensor]]:
    """The rows of queries, one of each context, at most so many at a time as memory bears.

    Args:
        model: the model, in the block of the method that read the contexts.
        filled: the contexts; the cache is appended to. With logits, these are the first row's.
        queries: of one shape.

    Yields:
        The first row's number, and the log-probabilities [B, r, V] of the next token in float32.
    """
    tails = torch.tensor([query.tail for query in queries], dtype=torch.long, device=model.device)
    n, rows = tails.shape[1], queries[0].rows
    done = 0
    if filled.logits is not None:
        yield 0, filled.logits.float().log_softmax(-1)[:, None]
        done = 1
    if n == 0:
        return
    first = n - (rows - done)  # of the tail's tokens that are scored
    edges = [0, *range(first + _ROWS, n, _ROWS), n]
    for begin, end in itertools.pairwise(edges):
        scored = end - max(begin, first)
        logits = model(
            input_ids=tails[:, begin:end],
            past_key_values=filled.cache,
            use_cache=True,
            **positions_from(model, filled.tokens + begin, end - begin),
            **_keeping(model, scored),
        ).logits[:, -scored:]
        yield end - scored - first + done, logits.float().log_softmax(-1)


def _keeping(model: PreTrainedModel, rows: int) -> dict[str, int]:
    """The argument by which the last rows alone get logits, where the model takes it."""
    return {"logits_to_keep": rows} if accepts(model, "logits_to_keep") else {}
