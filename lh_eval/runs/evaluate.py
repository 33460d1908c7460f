"""`evaluate`: a checkpoint on a grid of samples, as a table of rows; nothing is written."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.checkpoints.loading import Checkpoint, as_checkpoint
from lh_eval.engine.rows import iterate_rows
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.methods.base import Method, Reading
from lh_eval.modeling.settling import Settling
from lh_eval.runs.checking import check_settings
from lh_eval.runs.grid import DEPTHS, Grid
from lh_eval.runs.setting import Setting, resolve_setting
from lh_eval.store.rows import to_frame

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def evaluate(
    checkpoint: "Checkpoint | PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase | None" = None,
    *,
    task: str,
    lengths: Sequence[int],
    depths: Sequence[float] = DEPTHS,
    trials: int = 10,
    seed: int = 0,
    setting: Setting | Method | str = "dense",
    reading: Reading | None = None,
    batch_size: int | None = None,
    beyond_positions: bool = False,
    depth_tolerance: float = DEPTH_TOLERANCE,
    settling: Settling | None = None,
) -> "pd.DataFrame":
    """Evaluate a checkpoint on a task under a setting.

    Args:
        checkpoint: what `load_checkpoint` returns, or a transformers causal LM in evaluation mode.
        tokenizer: the model's; only where no checkpoint was given.
        task: task spec, such as `passkey` or `keyed:records=8`.
        lengths: tokens of the prompt.
        depths: where the needle lies, in percent of the context; the paper's seven if not given.
        trials: samples of each (length, depth) cell.
        seed: seed of all samples.
        setting: how it attends, such as `lighthouse:k=512,scorer=pooled-qk`; what is left open is taken from the
            checkpoint's lighthouse.json.
        reading: "prompt" or "context"; the method's usual one if None.
        batch_size: samples at once; what memory holds if None.
        beyond_positions: run samples whose prompt and answer take more than the model's `max_position_embeddings` and
            mark their rows, instead of refusing them.
        depth_tolerance: points of the context that a needle may be off its depth; cells further off are refused.
        settling: how settling depths are taken of each answer's tokens; None for none.

    Returns:
        A row a sample: the fields of `Row`.

    Raises:
        InputError: an argument cannot be used; no sample was run then.
    """
    checkpoint = as_checkpoint(checkpoint, tokenizer)
    grid = Grid(
        task=task,
        lengths=lengths,  # type: ignore[arg-type]
        depths=depths,  # type: ignore[arg-type]
        trials=trials,
        seed=seed,
        depth_tolerance=depth_tolerance,
    )
    resolved = resolve_setting(setting, checkpoint.defaults, reading)
    check_settings(checkpoint, grid, [resolved], beyond_positions=beyond_positions, settling=settling)
    rows = iterate_rows(
        checkpoint.model,
        checkpoint.tokenizer,
        list(grid),
        resolved.method,
        reading=resolved.reading,
        seed=grid.seed,
        batch_size=batch_size,
        depth_tolerance=grid.depth_tolerance,
        settling=settling,
    )
    return to_frame(rows)
