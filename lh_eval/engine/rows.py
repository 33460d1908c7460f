"""From samples to rows: the same rows in whatever batches they were run."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lh_eval.engine.batching import answers_at_once, batches
from lh_eval.engine.batching import batch_size as fitting_batch_size
from lh_eval.engine.positions import positions
from lh_eval.engine.prefilling import Prefiller
from lh_eval.engine.samples import SampleRunner
from lh_eval.engine.sharing import Sharing, sharing_of
from lh_eval.errors import InputError
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.methods.base import Method, Reading
from lh_eval.modeling.settling import Lens, Settling
from lh_eval.store.rows import Key, Row
from lh_eval.tasks.base import get_task

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def iterate_rows(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    keys: Sequence[Key],
    method: Method,
    *,
    reading: Reading,
    seed: int = 0,
    batch_size: int | None = None,
    sharing: bool = True,
    depth_tolerance: float = DEPTH_TOLERANCE,
    settling: Settling | None = None,
) -> Iterator[Row]:
    """Run samples, and yield each row as soon as its batch is through.

    Args:
        model: transformers causal LM in evaluation mode.
        tokenizer: its tokenizer.
        keys: the samples, of one task.
        method: how the model attends.
        reading: how prompts are read under it.
        seed: seed of all samples.
        batch_size: samples at once; what memory holds if None.
        sharing: whether what samples have in common is read once; the rows are the same without.
        depth_tolerance: points of the context that a needle may be off its depth; the row of one further off has an
            error.
        settling: how settling depths are taken of each answer's tokens; None for none.

    Raises:
        InputError: an argument cannot be used. A sample that fails is no error, but a row with one.
    """
    if batch_size is not None and (type(batch_size) is not int or batch_size < 1):
        raise InputError(f"batch_size must be a positive integer, or None for what memory holds, got {batch_size!r}")
    if not keys:
        return
    task = get_task(keys[0][0])
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(method.attach(model, reading=reading))
        lens = None if settling is None else stack.enter_context(Lens(model, settling).attached())
        prefiller = Prefiller(reader, sharing=sharing)
        runner = SampleRunner(
            prefiller, method, tokenizer, task, seed, reading, positions(model), depth_tolerance, lens
        )
        sizes = {length: batch_size or fitting_batch_size(model, length) for length in {key[1] for key in keys}}
        shared = Sharing()
        if sharing:
            shared = sharing_of(task, tokenizer, keys, seed=seed, prefixes=reader.shares_prefixes)
        for batch in batches(keys, sizes.__getitem__, shared):
            length = batch[0][1]
            at_once = batch_size or max(sizes[length], answers_at_once(model, length, shared.questions))
            yield from runner.rows(batch, at_once=at_once, by_depth=shared.by_depth)
