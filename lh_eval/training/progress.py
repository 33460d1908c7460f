"""`Progress`: how far a training with gates is; without gates it never changes anything."""

import bisect
import itertools
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator

from lh_eval.training.families import FAMILIES
from lh_eval.training.recipe.config import TrainingConfig


class Passed(NamedTuple):
    """A phase with a gate that is over.

    phase: its number.
    steps: how many it took.
    passed: whether its losses were low enough; else it took all that it had.
    losses: mean losses by family when it ended.
    """

    phase: int
    steps: int
    passed: bool
    losses: dict[str, float]


class Progress:
    """Watches a gate's losses, and shortens the schedule where it is passed.

    Attributes:
        config: the training, its phases as long as they turned out to be.
        over: the phases with a gate that are over.
    """

    def __init__(self, config: TrainingConfig, accelerator: Accelerator, values: dict[str, Any] | None = None) -> None:
        """Begin, or go on from what `to_dict` gave."""
        values = values or {}
        self.config = config.lasting(values.get("phase_steps", [phase.steps for phase in config.phases]))
        self.over = [Passed(**one) for one in values.get("over", [])]
        self._accelerator = accelerator
        self._sums = torch.tensor(values.get("sums", [[0.0] * len(FAMILIES)] * 2), device=accelerator.device)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, the same on every process."""
        return {
            "phase_steps": [phase.steps for phase in self.config.phases],
            "over": [one._asdict() for one in self.over],
            "sums": self._sums.tolist(),
        }

    def span_end(self, step: int) -> int:
        """The step up to which the data is known at a step: the end of the next phase with a gate, or of all."""
        end = 0
        for phase in self.config.phases:
            end += phase.steps
            if phase.gate and step < end:
                return end
        return self.config.steps

    def add(self, losses: torch.Tensor, family: torch.Tensor, _tokens: int) -> None:
        """Count a micro-batch's losses [B] of families [B]."""
        if self.config.gated:
            own = torch.zeros_like(self._sums)
            own[0].index_add_(0, family, losses)
            own[1].index_add_(0, family, torch.ones_like(losses))
            self._sums += self._accelerator.reduce(own)

    def after(self, step: int) -> bool:
        """Look at the gate after a step, if it is time to; returns whether a phase with a gate is over."""
        phases = self.config.phases
        ends = list(itertools.accumulate(phase.steps for phase in phases))
        number = bisect.bisect(ends, step)
        phase = phases[number]
        done = step + 1 - (ends[number] - phase.steps)
        if phase.gate is None or (done % phase.gate.window and done < phase.steps):
            return False
        totals, counts = self._sums.tolist()
        self._sums.zero_()
        means = {name: total / n for name, total, n in zip(FAMILIES, totals, counts, strict=True) if n}
        passed = phase.gate.passed(means)
        if not passed and done < phase.steps:
            return False
        self.over.append(Passed(number, done, passed, means))
        steps = [one.steps for one in phases]
        steps[number] = done
        self.config = self.config.lasting(steps)
        return True
