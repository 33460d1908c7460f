"""What a task's samples have in common: how many ask about one context, and whether depths begin alike."""

from typing import Any, NamedTuple

from lh_eval.runs.grid import Grid
from lh_eval.tasks.base import Sample, Task, questions_of


class Plan(NamedTuple):
    """How samples are ordered so that what they share is read once.

    questions: trials in a row that ask about one context.
    by_depth: whether samples of one trial are run one after the other, through the depths.
    """

    questions: int = 1
    by_depth: bool = False


def plan(task: Task, tokenizer: Any, grid: Grid, *, dense: bool) -> Plan:
    """Look at the task and at two samples of the shortest length; a run's order depends on it, none of its rows does.

    Args:
        task: what makes the samples.
        tokenizer: the model's.
        grid: the samples.
        dense: whether contexts that begin alike can share what they have in common.
    """

    def sample(depth: float) -> Sample | None:
        try:
            return task.sample(tokenizer, length=grid.lengths[0], depth=depth, trial=0, seed=grid.seed)
        except Exception:  # a sample that cannot be made is a row with its error, when its time has come
            return None

    questions = questions_of(task)
    if not dense or len(grid.depths) < 2:
        return Plan(questions)
    first, other = sample(grid.depths[-1]), sample(grid.depths[-2])
    if first is None or other is None:
        return Plan(questions)
    return Plan(questions, _shared(first.context_ids, other.context_ids) > len(first.context_ids) // 4)


def _shared(left: list[int], right: list[int]) -> int:
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
