"""What a task's samples have in common: how many ask about one context, and whether depths begin alike."""

from typing import Any, NamedTuple

from lh_eval.evaluation.grid import Grid
from lh_eval.tasks.base import Sample, Task

_MOST_QUESTIONS = 64


class Plan(NamedTuple):
    """How samples are ordered so that what they share is read once.

    questions: trials in a row that ask about one context.
    by_depth: whether samples of one trial are run one after the other, through the depths.
    """

    questions: int = 1
    by_depth: bool = False


def plan(task: Task, tokenizer: Any, grid: Grid, *, dense: bool) -> Plan:
    """Look at a few samples of the shortest length. The order of a run depends on it, none of its rows does.

    Args:
        task: what makes the samples.
        tokenizer: the model's.
        grid: the samples.
        dense: whether contexts that begin alike can share what they have in common.
    """

    def sample(depth: float, trial: int) -> Sample | None:
        try:
            return task.sample(tokenizer, length=grid.lengths[0], depth=depth, trial=trial, seed=grid.seed)
        except Exception:  # a sample that cannot be made is a row with its error, when its time has come
            return None

    first = sample(grid.depths[-1], 0)
    if first is None:
        return Plan()
    questions = 1
    while questions < min(grid.trials, _MOST_QUESTIONS):
        other = sample(grid.depths[-1], questions)
        if other is None or other.context_ids != first.context_ids:
            break
        questions += 1
    other = sample(grid.depths[-2], 0) if dense and len(grid.depths) > 1 else None
    by_depth = other is not None and _shared(first.context_ids, other.context_ids) > len(first.context_ids) // 4
    return Plan(questions, by_depth)


def _shared(left: list[int], right: list[int]) -> int:
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
