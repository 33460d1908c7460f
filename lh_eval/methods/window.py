"""A sliding window with attention sinks."""

import dataclasses

import torch

from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS, AttentionMethod

_CHUNK = 2**26  # scores that are held at once


@METHODS.register("window")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Window(AttentionMethod):
    """Sliding window with sinks: each token sees the last `tokens` tokens and the first `sinks` (StreamingLLM).

    Positions are those of the text, not those within the window.

    Source: Xiao et al. 2023, arXiv:2309.17453.

    Attributes:
        tokens: how many each token sees, itself the last of them.
        sinks: how many at the beginning it sees besides.
        dense_layers: layers that stay dense; negative ones count from the last.
    """

    tokens: int = 4096
    sinks: int = 4
    dense_layers: tuple[int, ...] = ()

    budget_option = "tokens"
    causal = True

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise InputError(f"tokens of method 'window' must be at least 1, got {self.tokens}")
        if self.sinks < 0:
            raise InputError(f"sinks of method 'window' must be at least 0, got {self.sinks}")

    def attention(self) -> "Windowed":
        """Attention to window and sinks."""
        return Windowed(self.tokens, self.sinks)


@dataclasses.dataclass(frozen=True)
class Windowed:
    """Attention to window and sinks in the place of a layer's; see `LayerAttention`."""

    tokens: int
    sinks: int
    title = "window"
    whole = False

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A block of queries at a time, over the keys that one of them can see."""
        n, N = q.shape[2], k.shape[2]
        size = max(1, min(n, max(self.tokens, 128), _CHUNK // (self.tokens + self.sinks)))
        outs = []
        for start in range(0, n, size):
            stop = min(start + size, n)
            first = max(0, N - n + start + 1 - self.tokens)  # the earliest key in the window of the block's first query
            sinks = min(self.sinks, first)
            last = N - n + stop
            keys, values = (torch.cat([x[:, :, :sinks], x[:, :, first:last]], dim=2) for x in (k, v))
            query = torch.arange(N - n + start, last, device=q.device)[:, None]
            key = torch.cat([torch.arange(sinks, device=q.device), torch.arange(first, last, device=q.device)])
            seen = (key <= query) & ((key > query - self.tokens) | (key < self.sinks))
            outs.append(
                torch.nn.functional.scaled_dot_product_attention(
                    q[:, :, start:stop], keys, values, attn_mask=seen, scale=scale, enable_gqa=True
                )
            )
        return torch.cat(outs, dim=2), self.kept(q, k, v, scale)

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:  # noqa: ARG002
        """What the last token sees, the same in every head."""
        N = k.shape[2]
        first = max(0, N - self.tokens)
        seen = [*range(min(self.sinks, first)), *range(first, N)]
        return torch.tensor(seen, device=q.device).expand(q.shape[0], q.shape[1], -1)
