"""Stage 4, gather: rows of the pyramid in causal order, and the map back.

An entry is gathered at most once, so index and inverse map are partial permutations of each other: the backward of
either direction is a gather by the other, without atomics and the same bits in every run.
"""

from typing import Any

import torch


def invert(indices: torch.Tensor, entries: int) -> torch.Tensor:
    """Store the gathered slot of each pyramid entry.

    Args:
        indices: [B, H, S] flat pyramid indices, unique per head.
        entries: P.

    Returns:
        [B, H, P] int64 slots, -1 where an entry was not gathered.
    """
    B, H, S = indices.shape
    slots = torch.arange(S, device=indices.device).expand(B, H, S)
    return torch.full((B, H, entries), -1, device=indices.device).scatter(2, indices, slots)


def take(x: torch.Tensor, indices: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    """Take rows by index; a row whose index is -1 is zero.

    Args:
        x: [B, H, n, D] rows.
        indices: [B, H, m] row of x for each row of the result, or -1.
        inverse: [B, H, n] row of the result for each row of x, or -1: the other direction of the same map.

    Returns:
        [B, H, m, D].
    """
    return _Take.apply(x, indices, inverse)


class _Take(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, indices: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(indices, inverse)
        return _rows(x, indices)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        indices, inverse = ctx.saved_tensors
        return take(grad, inverse, indices), None, None


def _rows(x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    rows = x.gather(2, indices.clamp(min=0)[..., None].expand(-1, -1, -1, x.shape[3]))
    return rows.masked_fill((indices < 0)[..., None], 0)
