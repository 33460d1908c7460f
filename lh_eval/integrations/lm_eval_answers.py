"""Answers to our own samples in lm-eval, by the engine of `lh-eval niah`.

So they end where no continuation changes their score, run in its batches, and share what contexts have in common.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.engine.batching import answers_at_once, batches
from lh_eval.engine.prefilling import Prefiller
from lh_eval.engine.prompting import run_batch
from lh_eval.engine.sharing import Sharing, sharing_of
from lh_eval.methods.base import Method, Reading
from lh_eval.store.rows import Key
from lh_eval.tasks.base import Sample, get_task, questions_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class _Given:
    """A task whose samples are there."""

    def __init__(self, samples: Mapping[Key, Sample]) -> None:
        self._samples = samples
        task = next(iter(samples))[0]
        self.questions = questions_of(get_task(task))

    def sample(self, tokenizer: Any, *, length: int, depth: float, trial: int, seed: int = 0) -> Sample:  # noqa: ARG002
        """The one of that place."""
        task = next(iter(self._samples))[0]
        return self._samples[task, length, depth, trial]


def answers(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: Mapping[Key, Sample],
    method: Method,
    *,
    reading: Reading,
    batch_size: int | None,
    size_of: Callable[[int], int],
) -> Iterator[tuple[Key, str]]:
    """Answer samples, and yield each text as soon as its batch is through.

    Args:
        model: transformers causal LM in evaluation mode.
        tokenizer: its tokenizer.
        samples: of one task, by their place in its grid; a template around a prompt may make it longer than that says.
        method: how the model attends.
        reading: how prompts are read under it.
        batch_size: samples at once; what memory holds if None.
        size_of: the most prompts of a length that run together.

    Raises:
        InputError: the model gives no finite logit where one is looked at.
    """
    given, keys = _Given(samples), list(samples)
    seed = 0  # samples are there
    with method.attach(model, reading=reading) as reader:
        prefiller = Prefiller(reader)
        whole = reading == "prompt" and not reader.shares_prefixes
        shared = sharing_of(given, tokenizer, keys, seed=seed, prefixes=reader.shares_prefixes) if keys else Sharing()

        def tokens(key: Key) -> int:
            sample = samples[key]
            together = whole or reader.shares_prefixes
            return len(sample.context_ids) + (len(sample.question_ids) if together else 0)

        for batch in batches(keys, size_of, shared):
            for length, same in itertools.groupby(sorted(batch, key=tokens), key=tokens):
                alike = list(same)
                outcomes = run_batch(
                    prefiller,
                    tokenizer,
                    [samples[key] for key in alike],
                    whole=whole,
                    at_once=batch_size or max(size_of(length), answers_at_once(model, length, shared.questions)),
                    width=sum(key[2] == alike[0][2] for key in alike) if shared.by_depth else None,
                    pyramid=method.pyramid,
                )
                for key, outcome in zip(alike, outcomes, strict=True):
                    yield key, outcome.answer.prediction
