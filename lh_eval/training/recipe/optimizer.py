"""`OptimizerConfig`: AdamW and its learning-rate schedule."""

from typing import Annotated

from pydantic import Field

from lh_eval.errors import InputError
from lh_eval.validation import validated


@validated("optimizer")
class OptimizerConfig:
    """AdamW with linear warm-up and linear decay to `final_lr` over all steps."""

    lr: Annotated[float, Field(gt=0)] = 2e-3
    final_lr: Annotated[float, Field(ge=0)] = 0.0
    warmup_steps: Annotated[int, Field(ge=0)] = 100
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0

    def __post_init__(self) -> None:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InputError(f"betas must be 0 or more and below 1, got {list(self.betas)}")

    def learning_rate(self, step: int, steps: int) -> float:
        """Learning rate of a step of `steps`."""
        if step < self.warmup_steps:
            return self.lr * (step + 1) / self.warmup_steps
        remaining = (steps - step) / max(1, steps - self.warmup_steps)
        return self.final_lr + (self.lr - self.final_lr) * remaining
