"""Recency control: what a selection that looks at nothing but position keeps."""

import dataclasses

import torch

from lh_eval.scorers.base import SCORERS, Scores


@SCORERS.register("recency")
@dataclasses.dataclass(frozen=True)
class Recency:
    """Control: the later token scores higher, as query and as key; content plays no part."""

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:  # noqa: ARG002
        """Score tokens; see `Scorer`."""
        position = torch.arange(q.shape[2], device=q.device, dtype=torch.float32)
        scores = position.expand(q.shape[0], 1, -1)
        return Scores(scores, scores)
