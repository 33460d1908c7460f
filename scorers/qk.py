"""Query-key scorer: the paper's "dilated" one."""

import dataclasses

import torch

from lh_eval.errors import InputError
from lh_eval.scorers.base import SCORERS, Scores
from lh_eval.scorers.norm import l2_norm


@SCORERS.register("qk")
@dataclasses.dataclass(frozen=True)
class QueryKey:
    """Dilated query-key attention: ‖·‖₂ of causal attention over every dilation-th token, with (q, k, v) and (k, q, v).

    The sequence [B, N, H, D] is viewed as [B, N/dilation, dilation·H, D] (the paper's "dilated" scorer,
    arXiv:2605.06554): token n attends to the earlier tokens of the same remainder.

    Attributes:
        dilation: stride of the tokens that see one another.
    """

    dilation: int = 4

    def __post_init__(self) -> None:
        if self.dilation < 1:
            raise InputError(f"dilation of scorer 'qk' must be at least 1, got {self.dilation}")

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
        """Score tokens; see `Scorer`."""
        groups = q.shape[1] // k.shape[1]
        k, v = (x.repeat_interleave(groups, dim=1) for x in (k, v))
        return Scores(self._attend(q, k, v, scale), self._attend(k, q, v, scale))

    def _attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
        """[B, H, N] norms of the dilated attention's outputs."""
        tokens = q.shape[2]
        out = torch.nn.functional.scaled_dot_product_attention(
            self._dilate(q), self._dilate(k), self._dilate(v), is_causal=True, scale=scale
        )
        norms = l2_norm(out).unflatten(1, (q.shape[1], self.dilation))
        return norms.transpose(2, 3).flatten(2)[..., :tokens]

    def _dilate(self, x: torch.Tensor) -> torch.Tensor:
        """[B, H, N, D] -> [B, H·dilation, N/dilation, D]; the tail that is padded is seen by no earlier token."""
        padded = torch.nn.functional.pad(x, (0, 0, 0, -x.shape[2] % self.dilation))
        return padded.unflatten(2, (-1, self.dilation)).transpose(2, 3).flatten(1, 2)
