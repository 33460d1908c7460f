"""The loss by data family and the tokens per second, summed on the device and reported every few steps."""

import time
from collections.abc import Callable
from typing import Any

import torch
from accelerate import Accelerator

from lh_eval.training.config import TrainingConfig
from lh_eval.training.data import FAMILIES
from lh_eval.training.log import LossLog


class Meter:
    """Sums losses on the device and writes a row of means when asked."""

    def __init__(self, accelerator: Accelerator, log: LossLog | None, bar: Any) -> None:
        self._accelerator, self._log, self._bar = accelerator, log, bar
        self._sums = torch.zeros(2, len(FAMILIES), device=accelerator.device)
        self._tokens = 0
        self._since, self._seconds, self._step = time.perf_counter(), log.seconds if log else 0.0, bar.n
        self._rate = 0

    def add(self, losses: torch.Tensor, family: torch.Tensor, tokens: int) -> None:
        """Count a micro-batch's losses [B] of families [B]."""
        self._sums[0].index_add_(0, family, losses)
        self._sums[1].index_add_(0, family, torch.ones_like(losses))
        self._tokens += tokens

    def write(self, step: int, config: TrainingConfig, held_out: Callable[[], float] | None = None) -> None:
        """Write the means since the last row, over all processes, and the loss of held-out text.

        The seconds that `held_out` takes are not counted.
        """
        sums = self._accelerator.reduce(self._sums).cpu().numpy()
        now = time.perf_counter()
        elapsed = now - self._since
        tokens = self._tokens * self._accelerator.num_processes
        self._seconds += elapsed
        self._sums.zero_()
        self._tokens = 0
        unseen = {"held_out": f"{held_out():.5f}"} if held_out else {}
        self._since = time.perf_counter()
        if self._log is None:
            return
        loss = float(sums[0].sum() / sums[1].sum())
        rate = round(tokens / elapsed)
        done = step - 1
        means = {
            name: f"{total / count:.5f}" for name, total, count in zip(FAMILIES, sums[0], sums[1], strict=True) if count
        }
        self._log.append(
            {
                "step": step,
                "tokens": sum(config.phase_at(i).tokens_per_step for i in range(step)),
                "seconds": f"{self._seconds:.1f}",
                "attention": config.stage_at(done).attention,
                "length": config.phase_at(done).length,
                "lr": f"{config.lr_at(done):.3e}",
                "tokens_per_second": rate,
                "loss": f"{loss:.5f}",
                **means,
                **unseen,
            }
        )
        self._bar.update(step - self._bar.n)
        self._bar.set_postfix_str(f"loss {loss:.4f}, {rate:,} tokens/s, {config.stage_at(done).attention}")
