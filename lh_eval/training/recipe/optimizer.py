"""`OptimizerConfig`: AdamW and its learning-rate schedule."""

from typing import Annotated, Literal

from pydantic import Field

from lh_eval.errors import InputError
from lh_eval.validation import validated


@validated("optimizer")
class OptimizerConfig:
    """AdamW with linear warm-up and linear decay to `final_lr`.

    Attributes:
        lr: the highest learning rate.
        final_lr: where the decay ends.
        warmup_steps: of the warm-up.
        betas: AdamW's.
        weight_decay: AdamW's.
        max_grad_norm: gradients are clipped to it.
        schedule: "linear" decays over all steps behind the warm-up; "wsd" (warm-up, stable, decay) stays at `lr` until
            the last `decay_steps`, so that a training that goes on does not depend on how long it will.
        decay_steps: of "wsd"; 0 never decays.
    """

    lr: Annotated[float, Field(gt=0)] = 2e-3
    final_lr: Annotated[float, Field(ge=0)] = 0.0
    warmup_steps: Annotated[int, Field(ge=0)] = 100
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    schedule: Literal["linear", "wsd"] = "linear"
    decay_steps: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"betas must be 0 or more and below 1, got {list(self.betas)}")
        if self.decay_steps and self.schedule == "linear":
            raise InputError(f"schedule must be wsd where decay_steps are given, got {self.schedule}")

    def learning_rate(self, step: int, steps: int) -> float:
        """Learning rate of a step of `steps`."""
        if step < self.warmup_steps:
            return self.lr * (step + 1) / self.warmup_steps
        decay = self.decay_steps if self.schedule == "wsd" else steps - self.warmup_steps
        if self.schedule == "wsd" and step < steps - decay:
            return self.lr
        remaining = (steps - step) / max(1, decay)
        return self.final_lr + (self.lr - self.final_lr) * remaining
