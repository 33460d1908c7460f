"""`SampleRunner`: from the samples' keys to their rows, those that failed among them."""

import dataclasses
import itertools
import textwrap
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from lh_eval.engine.guards import check_answer, check_sample
from lh_eval.engine.positions import positions_of
from lh_eval.engine.prefilling import Prefiller
from lh_eval.engine.prompting import Outcome, run_batch
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.methods.base import Method, Reading
from lh_eval.modeling.settling import Lens
from lh_eval.scoring.base import score_text
from lh_eval.store.rows import Key, Row
from lh_eval.tasks.base import Sample, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclasses.dataclass(frozen=True)
class _Built:
    key: Key
    sample: Sample
    seconds: float


@dataclasses.dataclass(frozen=True)
class SampleRunner:
    """Makes samples and runs them. Whatever goes wrong with one becomes its row's `error` and costs no other.

    Attributes:
        prefiller: the model, and how it attends.
        method: how that is called, and what its positions stand for.
        tokenizer: its tokenizer.
        task: what makes the samples.
        seed: seed of all samples.
        reading: how prompts are read.
        positions: tokens that the model was made for; rows of samples that take more are marked.
        depth_tolerance: points of the context that a needle may be off its depth.
        lens: takes settling depths, attached to the model; None for none.
    """

    prefiller: Prefiller
    method: Method
    tokenizer: "PreTrainedTokenizerBase"
    task: Task
    seed: int
    reading: Reading
    positions: int | None = None
    depth_tolerance: float = DEPTH_TOLERANCE
    lens: Lens | None = None

    @property
    def whole(self) -> bool:
        """Whether context and question are read at once."""
        return self.reading == "prompt" and not self.prefiller.reader.shares_prefixes

    def rows(self, keys: list[Key], *, at_once: int | None = None, by_depth: bool = False) -> Iterator[Row]:
        """Run samples of one length together.

        Args:
            keys: the samples.
            at_once: most of them that are answered at once; all if None.
            by_depth: read each depth's contexts side by side, and one depth after the other.
        """
        built = []
        for key in keys:
            begin = time.perf_counter()
            _, length, depth, trial = key
            sample = None
            try:
                sample = self.task.sample(self.tokenizer, length=length, depth=depth, trial=trial, seed=self.seed)
                check_sample(self.tokenizer, sample, length=length, depth=depth, tolerance=self.depth_tolerance)
            except Exception as error:
                yield self._row(key, sample, None, time.perf_counter() - begin, error=_one_line(error))
            else:
                built.append(_Built(key, sample, time.perf_counter() - begin))
        # a question may be a token longer than another, which moves the end of the context; where it may end anywhere,
        # or is read with the question, prompts of one length go together
        together = self.whole or self.prefiller.reader.shares_prefixes
        tokens = _prompt_tokens if together else _context_tokens
        built.sort(key=tokens)
        for _, same in itertools.groupby(built, key=tokens):
            alike = list(same)
            width = sum(item.key[2] == alike[0].key[2] for item in alike) if by_depth else None
            yield from self._run(alike, at_once, width)

    def _run(self, batch: list[_Built], at_once: int | None, width: int | None) -> Iterator[Row]:
        """Run samples that fit together; halves of the batch, should it fail, until what fails is one sample."""
        begin = time.perf_counter()
        outcomes: list[Outcome] = []
        scores: list[float] = []
        failure = None
        on_gpu = self.prefiller.model.device.type == "cuda"
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.prefiller.model.device)
        try:
            samples = [item.sample for item in batch]
            outcomes = run_batch(
                self.prefiller,
                self.tokenizer,
                samples,
                whole=self.whole,
                at_once=at_once,
                width=width,
                pyramid=self.method.pyramid,
                lens=self.lens,
            )
            for outcome in outcomes:
                check_answer(outcome.answer)
            scores = [
                score_text(sample.scoring, outcome.answer.prediction, sample.answers)
                for sample, outcome in zip(samples, outcomes, strict=True)
            ]
        except Exception as error:
            failure = _one_line(error)
        # out of the handler: the error would keep the batch's tensors alive
        seconds = (time.perf_counter() - begin) / len(batch)
        if failure is None:
            peak = torch.cuda.max_memory_allocated(self.prefiller.model.device) if on_gpu else None
            for item, outcome, score in zip(batch, outcomes, scores, strict=True):
                yield self._row(item.key, item.sample, outcome, item.seconds + seconds, score=score, peak=peak)
            return
        self.prefiller.forget()
        if len(batch) == 1:
            yield self._row(batch[0].key, batch[0].sample, None, batch[0].seconds + seconds, error=failure)
        else:
            if on_gpu:
                torch.cuda.empty_cache()
            middle = len(batch) // 2
            yield from self._run(batch[:middle], at_once, width)
            yield from self._run(batch[middle:], at_once, width)

    def _row(
        self,
        key: Key,
        sample: Sample | None,
        outcome: Outcome | None,
        seconds: float,
        *,
        score: float | None = None,
        peak: int | None = None,
        error: str | None = None,
    ) -> Row:
        task, length, depth, trial = key
        recall = outcome.recall if outcome else None
        taken = positions_of(sample) if sample else length
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
            answers=sample.answers if sample else None,
            scoring=sample.scoring if sample else "choice",
            prediction=outcome.answer.prediction if outcome else None,
            score=score,
            first_token_logprob=outcome.answer.first_token_logprob if outcome else None,
            answer_logprob=outcome.answer.answer_logprob if outcome else None,
            rank=outcome.answer.rank if outcome else None,
            margin=outcome.answer.margin if outcome else None,
            truncated=outcome.answer.truncated if outcome else None,
            thought_tokens=outcome.answer.thought_tokens if outcome else None,
            answer_settling=outcome.answer.answer_settling if outcome else None,
            prediction_settling=outcome.answer.prediction_settling if outcome else None,
            reading=self.reading,
            remainder=self._remainder(sample) if sample else None,
            selection_recall=recall.share if recall else None,
            dropped=recall.dropped if recall else None,
            question_recall=recall.question if recall else None,
            last_token_recall=recall.last if recall else None,
            needle_levels=recall.needle_levels if recall else None,
            answer_levels=recall.answer_levels if recall else None,
            question_levels=recall.question_levels if recall else None,
            seconds=round(seconds, 4),
            peak_bytes=peak,
            beyond_positions=self.positions is not None and taken > self.positions,
            error=error,
        )

    def _remainder(self, sample: Sample) -> int | None:
        """Of the tokens that are read under the method, modulo the coarsest entries' windows."""
        read = len(sample.prompt_ids if self.reading == "prompt" else sample.context_ids)
        pyramid = self.method.pyramid(read)
        return None if pyramid is None else read % pyramid.window


def _context_tokens(item: _Built) -> int:
    return len(item.sample.context_ids)


def _prompt_tokens(item: _Built) -> int:
    return len(item.sample.context_ids) + len(item.sample.question_ids)


def _one_line(error: Exception) -> str:
    message = f"{type(error).__name__}: {error}".encode(errors="backslashreplace").decode()  # of a file's odd name
    return textwrap.shorten(message, 300, placeholder=" ...")
