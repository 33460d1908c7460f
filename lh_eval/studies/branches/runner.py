"""Does the experiment's jobs one after the other, as many as a budget of time allows."""

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from lh_eval.studies.branches.evaluating import (
    Reads,
    Samples,
    evaluate_kept,
    evaluated,
    further_reads,
    intervened_reads,
    primary_reads,
    resumed_reads,
)
from lh_eval.studies.branches.plan import KINDS, Cell, Design, Job, Kind
from lh_eval.studies.branches.training import Trainings

_GUESS = 60.0  # seconds of a job before one was done


class Budget:
    """Time that must not be gone over: a job is begun only if the longest of its kind so far, or a minute, still fits.

    Args:
        seconds: from now on; None is no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._longest: dict[Kind, float] = {}

    def allows(self, kind: Kind) -> bool:
        """Whether such a job may be begun."""
        return self._end is None or time.monotonic() + self._longest.get(kind, _GUESS) < self._end

    def took(self, kind: Kind, seconds: float) -> None:
        """Remember how long a job took."""
        self._longest[kind] = max(seconds, self._longest.get(kind, 0.0))


class Runner(NamedTuple):
    """What jobs are done with.

    design: the factors.
    trainings: where and how it is trained.
    samples: what is asked.
    say: takes a line for people.
    """

    design: Design
    trainings: Trainings
    samples: Samples
    say: Callable[[str], None]

    def run(self, seeds: Sequence[int], budget: Budget, kinds: Sequence[Kind] = KINDS) -> bool:
        """Do every job of the seeds and kinds that is not done, in order; returns whether none is left."""
        for job in self.design.jobs(seeds, kinds):
            if self._done(job):
                continue
            if job.kind != "trunk" and not self.trainings.passed(job.seed):
                self.say(f"{job.name}: left out, its trunk did not pass its gates")
                continue
            if not budget.allows(job.kind):
                self.say(f"{job.name}: not begun, the time is up; the same command goes on from there")
                return False
            started = time.monotonic()
            note = self._do(job)
            budget.took(job.kind, seconds := time.monotonic() - started)
            self.say(f"{job.name}: {seconds:.0f} s{note}")
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        return True

    def _do(self, job: Job) -> str:
        """Do a job; returns what there is to say of it."""
        if job.cell is None:
            return "" if self.trainings.trunk(job.seed) else ", gates not passed: its branches are left out"
        kept = {
            "branch": self.trainings.branch,
            "resume": self.trainings.resume,
            "intervention": self.trainings.kept,
            "evaluation": self.trainings.kept,
        }[job.kind](job.cell, job.seed)
        reads = self._reads(job)
        failed = 0
        for name, weights in kept.items():
            failed += evaluate_kept(weights, self._rows(job.cell, job.seed) / name, reads, self.samples, job.seed)
        return f", {failed} samples failed; the same command tries them again" if failed else ""

    def _reads(self, job: Job) -> list[Reads]:
        assert job.cell is not None
        if job.kind == "branch":
            return primary_reads(job.cell, self.design.scorers, self.samples)
        if job.kind == "intervention":
            return intervened_reads(self.samples)
        return resumed_reads(job.cell, self.samples) if job.kind == "resume" else further_reads(self.samples)

    def _done(self, job: Job) -> bool:
        if job.cell is None:
            return self.trainings.trunk_trained(job.seed)
        rows = self._rows(job.cell, job.seed)
        names = self.trainings.names(job.kind)
        return all(evaluated(rows / name, self._reads(job)) for name in names)

    def _rows(self, cell: Cell, seed: int) -> Path:
        return self.trainings.rows(f"{cell.name}-s{seed}")
