"""The parts of a training config: what the data is, how the model attends, what the optimiser does."""

import dataclasses
from typing import Literal

from lh_eval.errors import InputError
from lh_eval.training.data import FAMILIES, LEAST_LENGTH
from lh_eval.training.fields import check_range, check_types


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of steps with one kind of data.

    Attributes:
        steps: optimiser steps.
        length: tokens of a sequence.
        tokens_per_step: tokens of all sequences of a step, over all processes.
        mix: share of the sequences by data family, such as `{copy = 0.5, keyed = 0.5}`.
    """

    steps: int
    length: int
    tokens_per_step: int
    mix: dict[str, float]

    def __post_init__(self) -> None:
        check_types(self)
        check_range(self, "steps", 1)
        check_range(self, "length", LEAST_LENGTH)
        check_range(self, "tokens_per_step", 1)
        if self.tokens_per_step % self.length:
            raise InputError(f"tokens_per_step must be a multiple of length {self.length}, got {self.tokens_per_step}")
        unknown = sorted(set(self.mix) - set(FAMILIES))
        if unknown or not self.mix or min(self.mix.values()) < 0 or sum(self.mix.values()) <= 0:
            raise InputError(f"mix must give shares to some of {', '.join(FAMILIES)}, got {self.mix}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of steps with one kind of attention.

    Attributes:
        steps: optimiser steps.
        attention: "lighthouse" outside the dense layers, or "dense".
    """

    steps: int
    attention: Literal["dense", "lighthouse"]

    def __post_init__(self) -> None:
        check_types(self)
        check_range(self, "steps", 1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer:
    """AdamW with linear warm-up and linear decay to `final_lr` over all stages."""

    lr: float = 2e-3
    final_lr: float = 0.0
    warmup_steps: int = 100
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.1
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        check_types(self)
        check_range(self, "lr", 0, open_end=True)
        check_range(self, "max_grad_norm", 0, open_end=True)
        for name in ("final_lr", "warmup_steps", "weight_decay"):
            check_range(self, name, 0)
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"betas must be 0 or more and below 1, got {list(self.betas)}")
