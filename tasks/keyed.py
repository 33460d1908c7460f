"""Keyed retrieval: several records, each a key and a digit; the question names one key."""

import dataclasses
import string
from typing import TYPE_CHECKING

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, sample_rng
from lh_eval.tasks.building.placing import VERSION, build_sample
from lh_eval.tasks.building.versions import check_version

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NEEDLE = " The pass key for {key} is {answer}. "
QUESTION = " What is the pass key for {key}? The pass key for {key} is"
KEY_LENGTH = 4


@TASKS.register("keyed")
@dataclasses.dataclass(frozen=True)
class Keyed:
    """One of several records, picked by its key: guessing among the records must not pass for retrieval.

    Measures: retrieval by key in the passkey's terms; the likeliest digit is the answer.
    Source: lh_eval; the passkey of arXiv:2605.06554 with keys.

    Attributes:
        records: records in the context; the asked one lies at the sample's depth, the others anywhere.
        version: 1 makes the samples of rows of before no other record had the asked digit, and of before depths were
            held to the context.
    """

    records: int = 8
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.version, VERSION)
        if not 1 <= self.records <= len(string.ascii_lowercase) ** KEY_LENGTH:
            raise InputError(f"records must be from 1 to the number of keys, got {self.records}")

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        rng = sample_rng(f"keyed:records={self.records}", length=length, depth=depth, trial=trial, seed=seed)
        letters = string.ascii_lowercase
        codes = rng.choice(len(letters) ** KEY_LENGTH, size=self.records, replace=False).tolist()
        keys = ["".join(letters[code // len(letters) ** i % len(letters)] for i in range(KEY_LENGTH)) for code in codes]
        if self.version == 1:
            digits = rng.integers(10, size=self.records)
        else:  # who mistakes a record for the asked one is never right by it
            asked = rng.integers(10, size=1)
            digits = np.concatenate([asked, (asked + rng.integers(1, 10, size=self.records - 1)) % 10])
        values = [str(value) for value in digits]
        needle, *distractors = [NEEDLE.format(key=key, answer=value) for key, value in zip(keys, values, strict=True)]
        return build_sample(
            tokenizer,
            needle=needle,
            distractors=distractors,
            question=QUESTION.format(key=keys[0]),
            answer=values[0],
            length=length,
            depth=depth,
            rng=rng,
            version=self.version,
        )
