"""The two schedules of a training: what the data is, and how the model attends."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import Field, InstanceOf

from lh_eval.errors import InputError
from lh_eval.training.families import FAMILIES, MIN_LENGTH
from lh_eval.training.recipe.gate import Gate
from lh_eval.validation import validated

Steps = Annotated[int, Field(ge=1, le=10**9)]


@validated("phases")
class DataPhase:
    """A stretch of steps with one kind of data.

    Attributes:
        steps: optimiser steps.
        length: tokens of a sequence.
        tokens_per_step: tokens of all sequences of a step, over all processes.
        mix: share of the sequences by data family, such as `{copy = 0.5, keyed = 0.5}`.
        gate: losses at which the phase ends before its steps are done; None has it take all of them.
    """

    steps: Steps
    length: Annotated[int, Field(ge=MIN_LENGTH)]
    tokens_per_step: Annotated[int, Field(ge=1, le=10**9)]
    mix: dict[str, float]
    gate: InstanceOf[Gate] | None = None

    def __post_init__(self) -> None:
        if self.tokens_per_step % self.length:
            raise InputError(f"tokens_per_step must be a multiple of length {self.length}, got {self.tokens_per_step}")
        unknown = sorted(set(self.mix) - set(FAMILIES))
        if unknown or not self.mix or min(self.mix.values()) < 0 or sum(self.mix.values()) <= 0:
            raise InputError(f"mix must give shares to some of {', '.join(FAMILIES)}, got {self.mix}")
        if self.gate is not None and any(not self.mix.get(name) for name in self.gate.below):
            raise InputError(f"gate must be on families of the mix {self.mix}, got {self.gate.below}")


@validated("stages")
class AttentionStage:
    """A stretch of steps with one kind of attention.

    Attributes:
        steps: optimiser steps.
        attention: "lighthouse" outside the dense layers, or "dense".
    """

    steps: Steps
    attention: Literal["dense", "lighthouse"]


Part = TypeVar("Part", DataPhase, AttentionStage)


def at_step(schedule: Sequence[Part], step: int) -> Part:
    """The part of a schedule that holds a step.

    Raises:
        IndexError: the schedule has fewer steps.
    """
    first = 0
    for part in schedule:
        first += part.steps
        if step < first:
            return part
    raise IndexError(step)
