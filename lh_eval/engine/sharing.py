"""What a task's samples have in common: how many ask about one context, and whether depths begin alike."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.store.rows import Key
from lh_eval.tasks.base import Sample, Task, questions_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Sharing(NamedTuple):
    """How samples are ordered so that what they share is read once.

    questions: trials in a row that ask about one context.
    by_depth: whether samples of one trial are run one after the other, through the depths.
    """

    questions: int = 1
    by_depth: bool = False


def sharing_of(
    task: Task, tokenizer: "PreTrainedTokenizerBase", keys: Sequence[Key], *, seed: int, prefixes: bool
) -> Sharing:
    """Look at the task and at two samples of the shortest length; a run's order depends on it, none of its rows does.

    Args:
        task: what makes the samples.
        tokenizer: the model's.
        keys: the samples.
        seed: of all samples.
        prefixes: whether contexts that begin alike can share what they have in common.
    """

    def sample(depth: float) -> Sample | None:
        try:
            return task.sample(tokenizer, length=min(key[1] for key in keys), depth=depth, trial=0, seed=seed)
        except Exception:  # a sample that cannot be made is a row with its error, when its time has come
            return None

    questions = questions_of(task)
    depths = sorted({key[2] for key in keys})
    if not prefixes or len(depths) < 2:
        return Sharing(questions)
    first, other = sample(depths[-1]), sample(depths[-2])
    if first is None or other is None:
        return Sharing(questions)
    return Sharing(questions, _shared(first.context_ids, other.context_ids) > len(first.context_ids) // 4)


def _shared(left: list[int], right: list[int]) -> int:
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
