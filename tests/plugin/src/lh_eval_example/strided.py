"""Strided attention: every stride-th token, and the last ones."""

import dataclasses

import torch

from lh_eval.methods.base import AttentionMethod


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strided(AttentionMethod):
    """Each token sees the last `local` tokens and every `stride`-th before them (Sparse Transformer's pattern).

    Source: Child et al. 2019, arXiv:1904.10509.

    Attributes:
        local: how many each token sees at full resolution, itself the last of them.
        stride: distance of the earlier ones that it sees.
        dense_layers: layers that stay dense; negative ones count from the last.
    """

    local: int = 64
    stride: int = 4
    dense_layers: tuple[int, ...] = ()

    budget_option = "local"
    causal = True

    def attention(self) -> "StridedAttention":
        """Attention by that pattern."""
        return StridedAttention(self.local, self.stride)


@dataclasses.dataclass(frozen=True)
class StridedAttention:
    """The pattern in the place of a layer's attention."""

    local: int
    stride: int
    title = "strided"
    whole = False

    def attend(self, q, k, v, scale):
        """One masked attention: simple, and quadratic."""
        seen = self._seen(torch.arange(k.shape[2] - q.shape[2], k.shape[2], device=q.device), k.shape[2])
        attention = torch.nn.functional.scaled_dot_product_attention
        return attention(q, k, v, attn_mask=seen, scale=scale, enable_gqa=True), self.kept(q, k, v, scale)

    def kept(self, q, k, v, scale):
        """What the last token sees."""
        seen = self._seen(torch.tensor([k.shape[2] - 1], device=q.device), k.shape[2])[0]
        return seen.nonzero()[:, 0].expand(q.shape[0], q.shape[1], -1)

    def _seen(self, queries, tokens):
        key = torch.arange(tokens, device=queries.device)
        return (key <= queries[:, None]) & ((key > queries[:, None] - self.local) | (key % self.stride == 0))
