"""How likely what follows a prompt is: log-probabilities of scored rows, each context read once, for lm-eval."""

import itertools
from collections.abc import Iterator, Sequence

import torch
from transformers import PreTrainedModel

from lh_eval.engine.caches import branch
from lh_eval.engine.prefilling import Prefiller
from lh_eval.integrations.lm_eval_batches import Batch, Query, begin_alike, context_ids, rounds
from lh_eval.modeling.memory import accepts, new_memory, read_on, takes_many
from lh_eval.modeling.session import Prefill

# Scored rows that get logits at a time: at V = 128K in float32, half a gigabyte.
_ROWS = 1024


def scored_rows(
    prefiller: Prefiller, made: Sequence[Batch], *, whole: bool = False, causal: bool = False
) -> Iterator[tuple[Query, int, torch.Tensor]]:
    """Read batches and score what follows, in the method's block.

    Args:
        prefiller: the model, and how it attends.
        made: the batches.
        whole: contexts are whole prompts: what comes after them is known once they are read.
        causal: what a token becomes depends on no later one, where it is read under the method.

    Yields:
        A query, the number of the first of its rows that are there, and the log-probabilities [r, V] of the token
        after each; a query's last rows come last.
    """
    reader = prefiller.reader
    at_once = causal and (reader.asks_under or not reader.selects)  # all attends alike, however a text is cut
    for batch, goes_on in zip(made, begin_alike(made), strict=True):
        if at_once and not (goes_on and reader.shares_prefixes) and _is_read_once(batch):
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
        return Prefill(new_memory(prefiller.model), 0)
    return prefiller.read([context_ids(asked.context) for asked in batch], logits=whole)


def _is_read_once(batch: Batch) -> bool:
    """Whether nothing but one short tail follows each context, so that no cache is needed where all attends alike."""
    return len(batch[0].queries) == 1 and batch[0].queries[0].rows <= _ROWS


def _rows_without_cache(model: PreTrainedModel, queries: Sequence[Query]) -> torch.Tensor:
    """Log-probabilities [B, rows, V] after each of the last rows of context and tail, read at once.

    A layer's keys and values are gone with it: what memory holds is one layer's, not those of all.
    """
    ids = torch.tensor([[*context_ids(query.context), *query.tail] for query in queries], device=model.device)
    rows = queries[0].rows
    options = {"logits_to_keep": rows} if accepts(model, "logits_to_keep") else {}
    logits = model(input_ids=ids, use_cache=False, **options).logits[:, -rows:]
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
    cache = filled.cache
    edges = [0, *range(first + _ROWS, n, _ROWS), n] if takes_many(cache) else range(n + 1)
    for begin, end in itertools.pairwise(edges):
        scored = end - max(begin, first)
        out, cache = read_on(model, tails[:, begin:end], cache, filled.tokens + begin, logits_to_keep=max(1, scored))
        if scored > 0:
            yield end - scored - first + done, out.logits[:, -scored:].float().log_softmax(-1)
