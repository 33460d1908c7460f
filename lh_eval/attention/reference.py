"""The readable specification: Lighthouse attention stage by stage in pure torch, on any device and float dtype."""

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.errors import InputError
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.gather import invert, take
from lh_eval.kernels.reference.pool import max_pyramid, mean_pyramid
from lh_eval.kernels.reference.scatter import scatter
from lh_eval.kernels.reference.select import select
from lh_eval.scorers.base import SCORERS


def attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output [B, H, N, D] and selected entries [B, H, S] for q [B, H, N, D] and k, v [B, G, N, D]."""
    layout = config.layout(q.shape[2])
    groups = q.shape[1] // k.shape[1]

    indices = select_entries(q, k, v, config, scale)
    inverse = invert(indices, layout.entries)
    pooled_q = mean_pyramid(q, layout)
    pooled_k = mean_pyramid(k, layout).repeat_interleave(groups, dim=1)
    pooled_v = mean_pyramid(v, layout).repeat_interleave(groups, dim=1)
    gathered = torch.nn.functional.scaled_dot_product_attention(
        take(pooled_q, indices, inverse),
        take(pooled_k, indices, inverse),
        take(pooled_v, indices, inverse),
        is_causal=True,
        scale=scale,
    )
    return scatter(gathered, indices, inverse, layout), indices


@torch.no_grad()
def select_entries(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float
) -> torch.Tensor:
    """Selected entries [B, H, S] of q [B, H, N, D] and k, v [B, G, N, D]."""
    layout = config.layout(q.shape[2])
    scores = SCORERS.build(config.scorer)(q, k, v, scale=scale)
    query_scores = _per_head("query", scores.query, q, layout)
    key_scores = _per_head("key", scores.key, q, layout)
    forced = config.window - 1 if config.cover_prefix else 0
    return select(query_scores, key_scores, layout, forced=forced)


def _per_head(kind: str, scores: torch.Tensor, q: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Check [B, H or G, N] scores and return their [B, H, P] pyramid."""
    B, H, N, _ = q.shape
    if scores.ndim != 3 or (scores.shape[0], scores.shape[2]) != (B, N) or H % scores.shape[1]:
        raise InputError(
            f"{kind} scores must be [{B}, G, {N}] with G a divisor of {H}, got {tuple(scores.shape)}; fix the scorer"
        )
    finite = scores.isfinite()
    if not finite.all():
        batch, head, position = (~finite).nonzero()[0].tolist()
        raise InputError(
            f"{kind} scores must be finite, got {scores[batch, head, position].item()} at batch {batch}, head {head}, "
            f"position {position}; look for inf or nan in the model's activations"
        )
    return max_pyramid(scores, layout).repeat_interleave(H // scores.shape[1], dim=1)
