"""`OptimizerConfig`: AdamW and its learning-rate schedule."""

import dataclasses

from lh_eval.errors import InputError
from lh_eval.training.recipe.fields import check_range, check_types


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """AdamW with linear warm-up and linear decay to `final_lr` over all steps."""

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

    def learning_rate(self, step: int, steps: int) -> float:
        """Learning rate of a step of `steps`."""
        if step < self.warmup_steps:
            return self.lr * (step + 1) / self.warmup_steps
        remaining = (steps - step) / max(1, steps - self.warmup_steps)
        return self.final_lr + (self.lr - self.final_lr) * remaining
