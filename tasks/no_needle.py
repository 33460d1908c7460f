"""The control: another task's prompts without their needles, so that what is still answered right is chance."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, context_rng, get_task, version_of
from lh_eval.tasks.building.haystack import draw_haystack
from lh_eval.tasks.building.plan import spec_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@TASKS.register("no_needle")
@dataclasses.dataclass(frozen=True)
class NoNeedle:
    """Another task's prompts with haystack where their needles were: the rate at chance.

    Everything else is as in the task, the distractors and the question too; a sample's needle is empty and lies where
    the first one was.

    Measures: what a rate would be without any retrieval.
    Source: lh_eval; a control for every needle task.

    Attributes:
        of: the task, such as `passkey` or `two_hop`; not one whose whole context is made of needles.
    """

    name: ClassVar[str] = "no_needle"
    of: str = "niah_single_2"

    def __post_init__(self) -> None:
        if self.of.partition(":")[0] == self.name:
            raise InputError(f"of must be another task, got {self.of!r}")
        if _haystack(get_task(self.of)) == "needles":
            raise InputError(f"of must be a task with a haystack between its needles, got {self.of!r}")

    @property
    def version(self) -> int:
        """That of the task's samples."""
        return version_of(get_task(self.of))

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        task = get_task(self.of)
        sample = task.sample(tokenizer, length=length, depth=depth, trial=trial, seed=seed)
        rng = context_rng(spec_of(self.name, self), length=length, trial=trial, seed=seed)
        context = list(sample.context_ids)
        for start, end in sample.spans:
            context[start:end] = draw_haystack(_haystack(task), tokenizer, end - start, rng).ids.tolist()
        place = sample.needle_start
        return dataclasses.replace(
            sample,
            context_ids=context,
            needle_end=place,
            spans=((place, place),),
            stands=() if sample.scoring == "choice" and not sample.stands else (0,) * len(sample.answers),
            removed=sample.needle_end - sample.needle_start,
        )


def _haystack(task: Any) -> str:
    """The kind of a task's haystack; words where it does not say, as `build_sample` makes it."""
    return getattr(task, "haystack", "words")
