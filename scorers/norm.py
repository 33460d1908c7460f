"""Projection-norm scorer: the released operator's default."""

import dataclasses

import torch

from lh_eval.scorers.base import SCORERS, Scores


@SCORERS.register("norm")
@dataclasses.dataclass(frozen=True)
class Norm:
    """Projection norm: ‖q‖₂ and ‖k‖₂ of each token (Lighthouse's default, arXiv:2605.06554)."""

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:  # noqa: ARG002
        """Score tokens; see `Scorer`."""
        return Scores(l2_norm(q), l2_norm(k))


def l2_norm(x: torch.Tensor) -> torch.Tensor:
    """Norms of the last dim in float32, summed in float64: the same bits in whatever order the sum is taken."""
    return x.double().square().sum(-1).sqrt().float()
