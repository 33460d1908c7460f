"""`evaluate`: a model on a grid of samples, a row a sample, the same rows in whatever batches they were run."""

import dataclasses
import itertools
import textwrap
import time
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.transformers import Session, use_lighthouse
from lh_eval.errors import InputError
from lh_eval.evaluation.batching import batch_size as fitting_batch_size
from lh_eval.evaluation.grid import Grid
from lh_eval.evaluation.prompting import Outcome, run_batch
from lh_eval.results.rows import Key, Row, to_frame
from lh_eval.tasks.base import Sample, Task, get_task

if TYPE_CHECKING:
    import pandas as pd

DEPTHS = (0.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0)


def evaluate(
    model: Any,
    tokenizer: Any,
    *,
    task: str,
    lengths: Sequence[int],
    depths: Sequence[float] = DEPTHS,
    trials: int = 10,
    seed: int = 0,
    config: LighthouseConfig | None = None,
    dense_layers: Sequence[int] = (0, 1, -2, -1),
    batch_size: int | None = None,
) -> "pd.DataFrame":
    """Evaluate a model on a task.

    Args:
        model: transformers causal LM in evaluation mode.
        tokenizer: its tokenizer.
        task: task spec, such as `passkey` or `keyed:records=8`.
        lengths: tokens of the prompt.
        depths: where the needle lies, in percent of the context; the paper's seven if not given.
        trials: samples of each (length, depth) cell.
        seed: seed of all samples.
        config: Lighthouse attention for the context; None is dense.
        dense_layers: layers that stay dense under `config`.
        batch_size: samples at once; what memory holds if None.

    Returns:
        A row a sample: the fields of `Row`.

    Raises:
        InputError: an argument cannot be used; no sample was run then.
    """
    grid = Grid(task=task, lengths=tuple(lengths), depths=tuple(map(float, depths)), trials=trials, seed=seed)
    check_samples(grid, tokenizer)
    return to_frame(
        iterate_rows(model, tokenizer, grid, config=config, dense_layers=dense_layers, batch_size=batch_size)
    )


def check_samples(grid: Grid, tokenizer: Any) -> None:
    """Make one sample of each cell, so that a grid which cannot be built is refused before anything runs."""
    task = get_task(grid.task)
    for length, depth in itertools.product(grid.lengths, grid.depths):
        task.sample(tokenizer, length=length, depth=depth, trial=0, seed=grid.seed)


def iterate_rows(
    model: Any,
    tokenizer: Any,
    grid: Grid,
    *,
    config: LighthouseConfig | None,
    dense_layers: Sequence[int] = (0, 1, -2, -1),
    batch_size: int | None = None,
    done: Collection[Key] = (),
) -> Iterator[Row]:
    """Run the samples that are not done, and yield each row as soon as its batch is through.

    A sample that fails becomes a row with `error`; a batch that fails is run again one sample at a time, so that one
    bad sample (or too large a batch) costs no other.
    """
    task = get_task(grid.task)
    keys = [key for key in grid if key not in done]
    with use_lighthouse(model, config, dense_layers=dense_layers) as session:
        for _, same in itertools.groupby(keys, key=lambda key: key[1]):
            waiting = list(same)
            size = batch_size or fitting_batch_size(model, waiting[0][1])
            for start in range(0, len(waiting), size):
                yield from _run(model, session, tokenizer, task, grid, waiting[start : start + size])


@dataclasses.dataclass(frozen=True)
class _Built:
    key: Key
    sample: Sample
    seconds: float


def _run(model: Any, session: Session, tokenizer: Any, task: Task, grid: Grid, keys: list[Key]) -> Iterator[Row]:
    built = []
    for key in keys:
        begin = time.perf_counter()
        _, length, depth, trial = key
        sample = task.sample(tokenizer, length=length, depth=depth, trial=trial, seed=grid.seed)
        built.append(_Built(key, sample, time.perf_counter() - begin))
    # a question may be a token longer than another's, which moves the end of the context
    for _, alike in itertools.groupby(built, key=lambda item: len(item.sample.context_ids)):
        yield from _rows(model, session, grid, list(alike))


def _rows(model: Any, session: Session, grid: Grid, batch: list[_Built]) -> Iterator[Row]:
    begin = time.perf_counter()
    outcomes: list[Outcome] = []
    failure = None
    try:
        outcomes = run_batch(model, session, [item.sample for item in batch])
    except (RuntimeError, InputError) as error:
        failure = textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" ...")
    seconds = (time.perf_counter() - begin) / len(batch)
    if failure is None:
        for item, outcome in zip(batch, outcomes, strict=True):
            yield _row(grid, item, outcome, seconds)
    elif len(batch) == 1:
        yield _row(grid, batch[0], None, seconds, error=failure)
    else:
        if model.device.type == "cuda":
            torch.cuda.empty_cache()
        for item in batch:
            yield from _rows(model, session, grid, [item])


def _row(grid: Grid, item: _Built, outcome: Outcome | None, seconds: float, *, error: str | None = None) -> Row:
    task, length, depth, trial = item.key
    sample = item.sample
    return Row(
        task=task,
        length=length,
        depth=depth,
        true_depth=sample.depth,
        trial=trial,
        seed=grid.seed,
        needle_start=sample.needle_start,
        needle_end=sample.needle_end,
        context_tokens=len(sample.context_ids),
        prompt_sha256=sample.prompt_sha256,
        answer=sample.answer,
        prediction=outcome.prediction if outcome else None,
        score=float(outcome.prediction == sample.answer) if outcome else None,
        selection_recall=outcome.selection_recall if outcome else None,
        seconds=round(item.seconds + seconds, 4),
        error=error,
    )
