"""The loss by data family and the throughput, summed on the device and written every few steps."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator

from lh_eval.store.training_folder import HELD_OUT, LOSS
from lh_eval.training.families import FAMILIES
from lh_eval.training.loss_log import LossLog
from lh_eval.training.recipe.config import TrainingConfig

if TYPE_CHECKING:
    from tqdm import tqdm


class TrainingMetrics:
    """Sums losses and tokens on the device, and writes a row of the loss curve when asked."""

    def __init__(self, accelerator: Accelerator, log: LossLog | None, progress: "tqdm[Any]") -> None:
        self._accelerator, self._log, self._progress = accelerator, log, progress
        self._sums = torch.zeros(2, len(FAMILIES), device=accelerator.device)
        self._tokens = 0
        self._seconds = log.seconds if log else 0.0
        self._since = time.perf_counter()

    def add(self, losses: torch.Tensor, family: torch.Tensor, tokens: int) -> None:
        """Count a micro-batch's losses [B] of families [B]."""
        self._sums[0].index_add_(0, family, losses)
        self._sums[1].index_add_(0, family, torch.ones_like(losses))
        self._tokens += tokens

    def write(self, step: int, config: TrainingConfig, held_out: Callable[[], float] | None = None) -> None:
        """Write the means since the last row, over all processes, and the loss of held-out text.

        The seconds that `held_out` takes are not counted.
        """
        totals, counts = self._accelerator.reduce(self._sums).cpu().numpy()
        elapsed = time.perf_counter() - self._since
        throughput = round(self._tokens * self._accelerator.num_processes / elapsed)
        self._seconds += elapsed
        self._sums.zero_()
        self._tokens = 0
        on_held_out = {HELD_OUT: f"{held_out():.5f}"} if held_out else {}
        self._since = time.perf_counter()
        if self._log is None:
            return
        attention, length = config.stage_at(step - 1).attention, config.phase_at(step - 1).length
        loss = float(totals.sum() / counts.sum())
        by_family = zip(FAMILIES, totals, counts, strict=True)
        self._log.append(
            {
                "step": step,
                "tokens": sum(config.phase_at(i).tokens_per_step for i in range(step)),
                "seconds": f"{self._seconds:.1f}",
                "attention": attention,
                "length": length,
                "lr": f"{config.learning_rate(step - 1):.3e}",
                "tokens_per_second": throughput,
                LOSS: f"{loss:.5f}",
                **{name: f"{total / count:.5f}" for name, total, count in by_family if count},
                **on_held_out,
            }
        )
        self._progress.total = config.steps
        self._progress.update(step - self._progress.n)
        self._progress.set_postfix_str(f"loss {loss:.4f}, {throughput:,} tokens/s, {attention}")
