"""Which positions a cache keeps after something dropped entries of it, whatever way it took."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_MOVES = {"gather", "__getitem__", "index_select", "contiguous", "clone", "cat", "stack", "unsqueeze"}


class FollowPositions(TorchFunctionMode):
    """Within it, marked tensors take the positions of their entries along through every move."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if not args or getattr(func, "__name__", None) not in _MOVES:
            return out
        parts = args[0] if isinstance(args[0], (list, tuple)) else [args[0]]
        if all(hasattr(part, "positions") for part in parts) and out.shape[-1:] == parts[0].shape[-1:]:
            moved = [part.positions.expand_as(part) for part in parts]
            moved = func(moved if parts is args[0] else moved[0], *args[1:], **(kwargs or {}))
            out.positions = moved[..., :1].clone()
        return out


def mark(layer: Any) -> None:
    """Mark a cache layer's entries with their positions, 0 to N - 1."""
    for tensor in (layer.keys, layer.values):
        positions = torch.arange(tensor.shape[2], device=tensor.device)
        tensor.positions = positions[:, None].expand(*tensor.shape[:-1], 1)


def kept_positions(layer: Any, hidden: torch.Tensor | None, length: int) -> torch.Tensor | None:
    """The positions that a marked cache layer still has.

    Args:
        layer: the cache layer.
        hidden: [B, G, S], entries that are there but are not to be seen; None for none.
        length: N, the tokens that were read.

    Returns:
        Positions [B, G, K], ascending; a head that keeps fewer than the most is filled up with -1. None where entries
        went a way that cannot be followed.
    """
    tensors = (layer.keys, layer.values)
    marks = [vars(tensor).pop("positions")[..., 0] for tensor in tensors if hasattr(tensor, "positions")]
    batch, heads, entries = layer.keys.shape[:3]
    if not marks and entries != length:
        return None
    # keys or values may have been rewritten, not both
    positions = marks[0] if marks else torch.arange(length, device=layer.keys.device).expand(batch, heads, -1)
    if hidden is None:
        return positions.sort(dim=-1).values
    positions = positions.masked_fill(hidden, length).sort(dim=-1).values  # hidden ones last
    positions = positions[..., : int((positions < length).sum(dim=-1).max())]
    return positions.masked_fill(positions == length, -1)
