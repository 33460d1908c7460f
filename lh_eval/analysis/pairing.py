"""Runs side by side, sample by sample: what several settings or checkpoints made of the same questions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.tasks.base import canonical_task, get_task, questions_of

if TYPE_CHECKING:
    import pandas as pd

KEY = ["task", "length", "depth", "trial"]


def with_canonical_tasks(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The rows with each task in its canonical form: `keyed:records=8` is `keyed`, whichever a run was started with."""
    canonical = {task: str(canonical_task(task)) for task in frame["task"].unique()}
    return frame.assign(task=frame["task"].map(canonical))


def as_asked(frames: "Sequence[pd.DataFrame]") -> "list[pd.DataFrame]":
    """Rows of prompts in a chat template as rows of the task that they ask, to be joined by what is asked.

    A model's template makes its prompts, so that those of two, or one without, are the same by their answers alone.
    Rows are left as they are where none has a template.
    """
    tasks = {task: _asked(task) for frame in frames for task in frame["task"].unique()}
    if all(task == asked for task, asked in tasks.items()):
        return list(frames)
    return [frame.assign(task=frame["task"].map(tasks), prompt_sha256=frame["answer"]) for frame in frames]


def _asked(task: str) -> str:
    from lh_eval.tasks.chat import Chat

    try:
        built = get_task(task)
    except InputError:
        return task
    return str(canonical_task(built.of)) if isinstance(built, Chat) else task


def questions_of_task(task: str) -> int:
    """Trials in a row that ask about one context; 1 where the task is not installed here."""
    try:
        return questions_of(get_task(task))
    except InputError:
        return 1


def align(frames: "Sequence[pd.DataFrame]", column: str = "score") -> "pd.DataFrame":
    """Join rows of several runs by sample; what one of them lacks or failed is left out.

    Args:
        frames: rows of one run each.
        column: what of each run is kept.

    Returns:
        `KEY` and for each run its values, in columns 0, 1, ...; without rows where nothing is in common.

    Raises:
        InputError: the runs asked different questions under the same key.
    """
    joined = None
    for number, frame in enumerate(frames):
        side = frame[frame["error"].isna()][[*KEY, "prompt_sha256", column]].rename(columns={column: number})
        if joined is None:
            joined = side
            continue
        joined = joined.merge(side, on=KEY, suffixes=("", "_other"), validate="one_to_one")
        unequal = joined[joined["prompt_sha256"] != joined["prompt_sha256_other"]]
        if len(unequal):
            sample = ", ".join(f"{name} {unequal.iloc[0][name]}" for name in KEY)
            raise InputError(
                f"compared runs must have the same prompts, got different ones for {sample}; "
                "use one tokenizer, task and seed for all"
            )
        joined = joined.drop(columns="prompt_sha256_other")
    if joined is None:
        raise InputError("runs must be at least one, got none")
    return joined.drop(columns="prompt_sha256").sort_values(KEY, ignore_index=True)
