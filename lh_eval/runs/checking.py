"""What is refused before the first sample runs: a grid that cannot be built, or that the model has no positions for."""

import itertools
from typing import Any

from lh_eval.engine.answering import end_ids
from lh_eval.errors import InputError
from lh_eval.runs.grid import Grid
from lh_eval.tasks.base import Sample, get_task


def check_grid(model: Any, tokenizer: Any, grid: Grid, *, beyond_positions: bool) -> None:
    """Make the first and the last sample of each cell, and see whether the model has positions for them.

    As in RULER, what is generated counts: prompt and `max_new_tokens` must fit together.

    Args:
        model: transformers causal LM.
        tokenizer: its tokenizer.
        grid: the samples.
        beyond_positions: whether samples may take more positions than the model has; their rows are marked.

    Raises:
        InputError: a sample cannot be made, as where a task has fewer trials than a cell may get, memory does not hold
            it, the model has too few positions, or nothing ends a generated text.
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


def positions(model: Any) -> int | None:
    """Tokens that the model was made for; None where it does not say."""
    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return most if isinstance(most, int) and most > 0 else None


def positions_of(sample: Sample) -> int:
    """Positions that a sample takes at most: its prompt's and those of what is generated."""
    return len(sample.context_ids) + len(sample.question_ids) + sample.max_new_tokens


def _refuse(most: int, length: int, generated: int = 0) -> None:
    room = f" less {generated} for the answer" if generated else ""
    raise InputError(
        f"lengths must be up to the model's max_position_embeddings {most}{room}, got {length}; "
        "give shorter ones, or --beyond-positions (beyond_positions=True) to run and mark them"
    )
