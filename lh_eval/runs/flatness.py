"""Whether norms can rank this model's tokens at all, looked at before a run."""

import logging

import torch

from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.errors import InputError
from lh_eval.methods.spread import median_spread, score_spread
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting
from lh_eval.tasks.base import get_task

# Norms of SmolLM2 vary by 7 % and of the shipped checkpoint by 13 %; those of a fresh Qwen3 by rounding alone.
FLAT = 0.02
_TOKENS = 1024

_log = logging.getLogger(__name__)
_warned: set[str] = set()  # weights, once each


def norm_spread(checkpoint: Checkpoint, grid: Grid, setting: Setting) -> float | None:
    """Measure how far norms differ over the first sample, and warn once where they hardly do.

    Returns:
        The median coefficient of variation over layers and heads; None where another scorer selects, or no layer's
        output depends on what is selected.
    """
    config = setting.config
    if config is None or config.scorer.partition(":")[0] != "norm":
        return None
    sample = get_task(grid.task).sample(
        checkpoint.tokenizer, length=grid.lengths[0], depth=grid.depths[0], trial=0, seed=grid.seed
    )
    ids = torch.tensor([sample.context_ids[:_TOKENS]])
    try:
        spread = median_spread(score_spread(checkpoint.model, ids, config, setting.dense_layers))
    except (InputError, RuntimeError):  # the samples' own rows say what is wrong with the model
        return None
    if spread is not None and spread < FLAT and checkpoint.sha256 not in _warned:
        _warned.add(checkpoint.sha256)
        _log.warning(
            "%s has nearly equal norms of queries and keys (they vary by %.2g %%, median over heads), as models that "
            "normalise both have: norm selects by small differences; try --scorer qk",
            checkpoint.name,
            100 * spread,
        )
    return spread
