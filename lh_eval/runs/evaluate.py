"""`evaluate`: a model on a grid of samples, a row a sample, the same rows in whatever batches they were run."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.engine.batching import answers_at_once, batches
from lh_eval.engine.batching import batch_size as fitting_batch_size
from lh_eval.engine.prefilling import Prefiller
from lh_eval.engine.samples import SampleRunner
from lh_eval.engine.sharing import Plan, plan
from lh_eval.errors import InputError
from lh_eval.modeling.session import use_lighthouse
from lh_eval.runs.checking import check_grid, positions
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting
from lh_eval.store.rows import Key, Row, to_frame
from lh_eval.tasks.base import get_task

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
    beyond_positions: bool = False,
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
        beyond_positions: run samples whose prompt and answer take more than the model's `max_position_embeddings` and
            mark their rows, instead of refusing them.

    Returns:
        A row a sample: the fields of `Row`.

    Raises:
        InputError: an argument cannot be used; no sample was run then.
    """
    grid = Grid(task=task, lengths=lengths, depths=depths, trials=trials, seed=seed)  # type: ignore[arg-type]
    setting = Setting(config=config, dense_layers=dense_layers)  # type: ignore[arg-type]
    check_grid(model, tokenizer, grid, beyond_positions=beyond_positions)
    return to_frame(iterate_rows(model, tokenizer, grid, setting, batch_size=batch_size))


def iterate_rows(
    model: Any,
    tokenizer: Any,
    grid: Grid,
    setting: Setting,
    *,
    batch_size: int | None = None,
    done: Collection[Key] = (),
    sharing: bool = True,
) -> Iterator[Row]:
    """Run the samples that are not done, and yield each row as soon as its batch is through.

    Args:
        model: transformers causal LM in evaluation mode.
        tokenizer: its tokenizer.
        grid: the samples.
        setting: how the model attends.
        batch_size: samples at once; what memory holds if None.
        done: samples that are not run.
        sharing: whether what samples have in common is read once; the rows are the same without.

    Raises:
        InputError: an argument cannot be used. A sample that fails is no error, but a row with one.
    """
    if batch_size is not None and (type(batch_size) is not int or batch_size < 1):
        raise InputError(f"batch_size must be a positive integer, or None for what memory holds, got {batch_size!r}")
    task = get_task(grid.task)
    with use_lighthouse(model, setting.config, dense_layers=setting.dense_layers) as session:
        prefiller = Prefiller(model, session, sharing=sharing)
        runner = SampleRunner(prefiller, tokenizer, task, grid.seed, positions(model))
        waiting = [key for key in grid if key not in done]
        sizes = {length: batch_size or fitting_batch_size(model, length) for length in grid.lengths if waiting}
        shared = plan(task, tokenizer, grid, dense=setting.config is None) if waiting and sharing else Plan()
        for batch in batches(waiting, sizes.__getitem__, shared):
            length = batch[0][1]
            at_once = batch_size or max(sizes[length], answers_at_once(model, length, shared.questions))
            yield from runner.rows(batch, at_once=at_once, by_depth=shared.by_depth)
