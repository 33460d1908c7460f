"""Block-sparse attention by mean keys."""

import dataclasses

import torch

from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS, AttentionMethod


@METHODS.register("block")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Block(AttentionMethod):
    """Top blocks by mean key: a block of queries sees itself and `top` earlier blocks (MoBA-like).

    A block of queries ranks the earlier blocks by the product of its mean query and their mean keys, in each head.
    Every query is kept, in full resolution; the blocks alone are chosen.

    Source: Lu et al. 2025, MoBA, arXiv:2502.13189, whose gate ranks for each query of its own.

    Attributes:
        size: tokens of a block.
        top: earlier blocks that a block sees beside itself.
        dense_layers: layers that stay dense; negative ones count from the last.
    """

    size: int = 64
    top: int = 16
    dense_layers: tuple[int, ...] = ()

    budget_option = "top"

    def __post_init__(self) -> None:
        for name in ("size", "top"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} of method 'block' must be at least 1, got {getattr(self, name)}")

    def attention(self) -> "TopBlocks":
        """Attention to the chosen blocks."""
        return TopBlocks(self.size, self.top)


@dataclasses.dataclass(frozen=True)
class TopBlocks:
    """Attention to chosen blocks in the place of a layer's; see `LayerAttention`."""

    size: int
    top: int
    title = "block"
    whole = True  # what a block chooses depends on all of its queries

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A block of queries at a time, over the keys of the blocks it chose."""
        outs = []
        for number, queries in enumerate(q.split(self.size, dim=2)):
            places = self._places(q, k, number)  # [B, H, S]
            keys, values = (_taken(x, places) for x in (k, v))
            own = torch.arange(number * self.size, number * self.size + queries.shape[2], device=q.device)
            seen = places[:, :, None] <= own[:, None]
            outs.append(
                torch.nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=seen, scale=scale)
            )
        return torch.cat(outs, dim=2), self.kept(q, k, v, scale)

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:  # noqa: ARG002
        """What the last block sees."""
        return self._places(q, k, (k.shape[2] - 1) // self.size)

    def _places(self, q: torch.Tensor, k: torch.Tensor, number: int) -> torch.Tensor:
        """Positions [B, H, S] of the keys that a block of queries sees, those it chose first, its own last."""
        begin, end = number * self.size, min((number + 1) * self.size, k.shape[2])
        own = torch.arange(begin, end, device=q.device).expand(*q.shape[:2], -1)
        if number == 0:
            return own
        means = k[:, :, :begin].unflatten(2, (number, self.size)).float().mean(3)
        means = means.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
        liking = (means @ q[:, :, begin:end].float().mean(2)[..., None])[..., 0]  # [B, H, number]
        chosen = liking.topk(min(self.top, number), dim=-1).indices.sort(-1).values
        tokens = chosen[..., None] * self.size + torch.arange(self.size, device=q.device)
        return torch.cat([tokens.flatten(2), own], dim=-1)


def _taken(x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Rows [B, H, S, D] of keys or values [B, G, N, D], a group's for each of its heads."""
    x = x.repeat_interleave(places.shape[1] // x.shape[1], dim=1)
    return x.gather(2, places[..., None].expand(-1, -1, -1, x.shape[3]))
