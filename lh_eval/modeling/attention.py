"""`LayerAttention`: what a method computes in the place of a layer's dense attention."""

from typing import Protocol

import torch


class LayerAttention(Protocol):
    """What a method computes in the place of a layer's dense attention.

    Attributes:
        title: its name in messages ("Lighthouse").
        whole: it needs all queries of a sequence at once, and has no form for a few that extend a cache.
    """

    title: str
    whole: bool

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Attend, and say what was kept.

        Args:
            q: [B, H, n, D] queries of the last n of N tokens.
            k: [B, G, N, D] keys.
            v: [B, G, N, D] values.
            scale: factor of the attention logits; D**-0.5 if None.

        Returns:
            Output [B, H, n, D], and `kept`.
        """
        ...

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:
        """Positions [B, H, S] of the tokens that the last query can reach; what is no token's (-1, N on) is skipped."""
        ...
