"""What a grid's trials must be: needles at their depths, and no prompt twice; or which length it takes."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.runs.grid import Grid
from lh_eval.tasks.base import Task
from lh_eval.tasks.building.depth import deviation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MOST = 1 << 20  # tokens beyond which no length is tried


def check_trials(task: Task, tokenizer: "PreTrainedTokenizerBase", grid: Grid) -> None:
    """Refuse a grid in which a needle is further off its depth than `grid.depth_tolerance`, or a prompt is there twice.

    Args:
        task: the grid's.
        tokenizer: the model's.
        grid: the samples.

    Raises:
        InputError: with the shortest length from the refused one on at which it is neither.
    """
    for length in grid.lengths:
        fault = fault_of(task, tokenizer, grid, length)
        if fault is None:
            continue
        least = _shortest(task, tokenizer, grid, length)
        if least is None:
            raise InputError(
                f"depths must be such that needles lie at them, got {fault} at length {length}, and no longer one was "
                "found without; take others, fewer trials or a greater --depth-tolerance"
            )
        raise InputError(
            f"lengths must be at least {least} for these depths and trials, got {length} with {fault}; raise it, take "
            "other depths, or a greater --depth-tolerance"
        )


def fault_of(task: Task, tokenizer: "PreTrainedTokenizerBase", grid: Grid, length: int) -> str | None:
    """What is wrong with the samples of a length; None where nothing is."""
    seen: dict[str, tuple[float, int]] = {}
    for depth in grid.depths:
        for trial in range(grid.at_most().trials):
            try:
                sample = task.sample(tokenizer, length=length, depth=depth, trial=trial, seed=grid.seed)
            except InputError:
                raise
            except Exception:
                continue  # a bug that some trials meet is a row with its error
            if (off := deviation(sample, depth)) > grid.depth_tolerance:
                return f"the needle of trial {trial} {off:.1f} points off depth {depth:g}"
            # a control without context asks the same at every depth
            digest = sample.prompt_sha256 if sample.placed else f"{depth} {sample.prompt_sha256}"
            if digest in seen:
                other, of = seen[digest]
                return f"the prompt of trial {trial} at depth {depth:g} that trial {of} has at depth {other:g}"
            seen[digest] = depth, trial
    return None


def _shortest(task: Task, tokenizer: "PreTrainedTokenizerBase", grid: Grid, length: int) -> int | None:
    """The shortest length above a refused one at which nothing is wrong; None where none is found."""

    def works(tokens: int) -> bool:
        try:
            return fault_of(task, tokenizer, grid, tokens) is None
        except (InputError, MemoryError):
            return False

    low, high = length, 2 * length
    while not works(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high
