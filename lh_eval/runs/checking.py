"""What is refused before the first sample runs: a grid that cannot be built, or that the model has no positions for."""

import itertools
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.engine.answering import end_ids
from lh_eval.engine.positions import positions, positions_of
from lh_eval.errors import InputError
from lh_eval.methods.base import Method
from lh_eval.modeling.settling import Settling, unfit
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting
from lh_eval.runs.trials import check_trials
from lh_eval.tasks.base import get_task

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_log = logging.getLogger(__name__)
_noted: set[tuple[str, str]] = set()  # model and note, once each


def check_settings(
    checkpoint: Checkpoint,
    grid: Grid,
    settings: Sequence[Setting],
    *,
    beyond_positions: bool = False,
    settling: Settling | None = None,
) -> None:
    """Refuse what cannot be run, before anything is.

    Raises:
        InputError: two settings have one name, one does not fit the model, the grid cannot be built, or the model has
            no settling depths where they are asked for.
    """
    if settling is not None and (reason := unfit(checkpoint.model)) is not None:
        raise InputError(reason)
    names = [setting.name for setting in settings]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"settings must differ, got {name} twice among {', '.join(names)}; leave one out")
    for setting in settings:
        check_method(checkpoint, setting.method)
    check_grid(checkpoint.model, checkpoint.tokenizer, grid, beyond_positions=beyond_positions)


def check_method(checkpoint: Checkpoint, method: Method) -> None:
    """Refuse a method that the model cannot run under; say, once, what is to be known of the model under it.

    Raises:
        InputError: why it cannot.
    """
    if (obstacle := method.check(checkpoint.model)) is not None:
        raise InputError(obstacle)
    note = method.notes(checkpoint.model)
    if note and (checkpoint.name, note) not in _noted:
        _noted.add((checkpoint.name, note))
        _log.warning(note)


def check_grid(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", grid: Grid, *, beyond_positions: bool
) -> None:
    """Make the first and the last sample of each cell, and see whether the model has positions for them; then all.

    As in RULER, what is generated counts: prompt and `max_new_tokens` must fit together.

    Args:
        model: transformers causal LM.
        tokenizer: its tokenizer.
        grid: the samples.
        beyond_positions: whether samples may take more positions than the model has; their rows are marked.

    Raises:
        InputError: a sample cannot be made, as where a task has fewer trials than a cell may get, memory does not hold
            it, the model has too few positions, nothing ends a generated text, a needle does not lie at its depth, or
            two trials have one prompt.
    """
    most = None if beyond_positions else positions(model)
    if most is not None and grid.lengths[-1] > most:  # before such a sample is made, which may take long
        _refuse(most, grid.lengths[-1])
    task = get_task(grid.task)
    for length, depth, trial in itertools.product(grid.lengths, grid.depths, sorted({0, grid.at_most().trials - 1})):
        try:
            sample = task.sample(tokenizer, length=length, depth=depth, trial=trial, seed=grid.seed)
        except InputError:
            raise
        except MemoryError:
            raise InputError(f"lengths must be such that memory holds a sample, got {length}") from None
        except Exception:
            if trial == 0:
                raise
            continue  # a bug that some trials meet is a row with its error, as for those between
        if sample.scoring != "choice" and not end_ids(model, tokenizer):
            raise InputError(
                "tokenizer must have an end-of-text token where answers are generated, got none; "
                "set eos_token in its tokenizer_config.json"
            )
        if most is not None and positions_of(sample) > most:
            _refuse(most, length, sample.max_new_tokens)
    check_trials(task, tokenizer, grid)


def _refuse(most: int, length: int, generated: int = 0) -> None:
    room = f" less {generated} for the answer" if generated else ""
    raise InputError(
        f"lengths must be up to the model's max_position_embeddings {most}{room}, got {length}; "
        "give shorter ones, or --beyond-positions (beyond_positions=True) to run and mark them"
    )
