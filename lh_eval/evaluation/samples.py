"""`SampleRunner`: from the samples' keys to their rows, those that failed among them."""

import dataclasses
import itertools
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import torch

from lh_eval.attention.transformers import Session
from lh_eval.evaluation.prompting import Outcome, run_batch
from lh_eval.results.rows import Key, Row
from lh_eval.tasks.base import Sample, Task


@dataclasses.dataclass(frozen=True)
class _Built:
    key: Key
    sample: Sample
    seconds: float


@dataclasses.dataclass(frozen=True)
class SampleRunner:
    """Makes samples and runs them. Whatever goes wrong with one becomes its row's `error` and costs no other.

    Attributes:
        model: transformers causal LM, in `session`.
        session: how it attends.
        tokenizer: its tokenizer.
        task: what makes the samples.
        seed: seed of all samples.
    """

    model: Any
    session: Session
    tokenizer: Any
    task: Task
    seed: int

    def rows(self, keys: list[Key]) -> Iterator[Row]:
        """Run samples of one length together."""
        built = []
        for key in keys:
            begin = time.perf_counter()
            _, length, depth, trial = key
            try:
                sample = self.task.sample(self.tokenizer, length=length, depth=depth, trial=trial, seed=self.seed)
            except Exception as error:
                yield self._row(key, None, None, time.perf_counter() - begin, error=_one_line(error))
            else:
                built.append(_Built(key, sample, time.perf_counter() - begin))
        # a question may be a token longer than another's, which moves the end of the context
        built.sort(key=_context_tokens)
        for _, alike in itertools.groupby(built, key=_context_tokens):
            yield from self._run(list(alike))

    def _run(self, batch: list[_Built]) -> Iterator[Row]:
        """Run samples that fit together; halves of the batch, should it fail, until what fails is one sample."""
        begin = time.perf_counter()
        outcomes: list[Outcome] = []
        failure = None
        try:
            outcomes = run_batch(self.model, self.session, [item.sample for item in batch])
        except Exception as error:
            failure = _one_line(error)
        # out of the handler: the error would keep the batch's tensors alive
        seconds = (time.perf_counter() - begin) / len(batch)
        if failure is None:
            for item, outcome in zip(batch, outcomes, strict=True):
                yield self._row(item.key, item.sample, outcome, item.seconds + seconds)
        elif len(batch) == 1:
            yield self._row(batch[0].key, batch[0].sample, None, batch[0].seconds + seconds, error=failure)
        else:
            if self.model.device.type == "cuda":
                torch.cuda.empty_cache()
            middle = len(batch) // 2
            yield from self._run(batch[:middle])
            yield from self._run(batch[middle:])

    def _row(
        self, key: Key, sample: Sample | None, outcome: Outcome | None, seconds: float, *, error: str | None = None
    ) -> Row:
        task, length, depth, trial = key
        return Row(
            task=task,
            length=length,
            depth=depth,
            true_depth=sample.depth if sample else None,
            trial=trial,
            seed=self.seed,
            needle_start=sample.needle_start if sample else None,
            needle_end=sample.needle_end if sample else None,
            context_tokens=len(sample.context_ids) if sample else None,
            prompt_sha256=sample.prompt_sha256 if sample else None,
            answer=sample.answer if sample else None,
            prediction=outcome.prediction if outcome else None,
            score=float(outcome.prediction == sample.answer) if outcome and sample else None,
            selection_recall=outcome.selection_recall if outcome else None,
            seconds=round(seconds, 4),
            error=error,
        )


def _context_tokens(item: _Built) -> int:
    return len(item.sample.context_ids)


def _one_line(error: Exception) -> str:
    return textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" ...")
