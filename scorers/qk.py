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
    arXiv:2605.06554): token n attends to the earlier tokens of the same remainder n mod dilation. Time is that of two
    attentions over N²/dilation pairs; of the memory, one remainder's output [B, G, N/dilation, D] is alive at a time.

    Attributes:
        dilation: stride of the tokens that see one another.
    """

    dilation: int = 4

    def __post_init__(self) -> None:
        if self.dilation < 1:
            raise InputError(f"dilation of scorer 'qk' must be at least 1, got {self.dilation}")

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
        """Score tokens; see `Scorer`."""
        B, H, N, _ = q.shape
        G = k.shape[1]
        query, key = (torch.empty(B, G, H // G, N, dtype=torch.float32, device=q.device) for _ in range(2))
        # One query head of each group at a time, [B, G, N, D] like k and v, so that either may take either part
        # without being repeated. `enable_gqa` would do so for (q, k, v) alone, and not in every fused kernel.
        for member, one in enumerate(q.unflatten(1, (G, H // G)).unbind(2)):
            for r in range(min(self.dilation, N)):
                queries, keys, values = (x[:, :, r :: self.dilation] for x in (one, k, v))
                query[:, :, member, r :: self.dilation] = _output_norms(queries, keys, values, scale)
                key[:, :, member, r :: self.dilation] = _output_norms(keys, queries, values, scale)
        return Scores(query.flatten(1, 2), key.flatten(1, 2))


def _output_norms(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """Norms [B, G, n] of the causal attention of q, k and v [B, G, n, D]."""
    return l2_norm(torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale))
