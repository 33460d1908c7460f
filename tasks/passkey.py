"""Passkey retrieval by the paper's protocol: one digit hidden in alphanumeric filler, asked for at the end."""

import dataclasses
from typing import TYPE_CHECKING

from lh_eval.tasks.base import TASKS, Sample, sample_rng
from lh_eval.tasks.building.placing import VERSION, build_sample
from lh_eval.tasks.building.versions import check_version

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NEEDLE = " The pass key is {answer}. "
QUESTION = " What is the pass key? The pass key is"


@TASKS.register("passkey")
@dataclasses.dataclass(frozen=True)
class Passkey:
    """One digit in alphanumeric filler; the answer is the likeliest of the ten digits (the paper's protocol).

    Measures: retrieval with nothing to mistake the needle for; one in ten is chance.
    Source: Peng, Ghosh, Quesnelle 2026, arXiv:2605.06554, the needle-in-a-haystack evaluation.

    Attributes:
        version: 1 makes the samples of rows of before depths were held to the context.
    """

    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.version, VERSION)

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        rng = sample_rng("passkey", length=length, depth=depth, trial=trial, seed=seed)
        answer = str(rng.integers(10))
        return build_sample(
            tokenizer,
            needle=NEEDLE.format(answer=answer),
            question=QUESTION,
            answer=answer,
            length=length,
            depth=depth,
            rng=rng,
            version=self.version,
        )
