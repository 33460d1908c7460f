"""The readable specification: Lighthouse attention stage by stage in pure torch, on any device and float dtype."""

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.scoring import require_finite, token_scores
from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.reference.gather import invert, take
from lh_eval.kernels.reference.pool import mean_pyramid
from lh_eval.kernels.reference.scatter import scatter
from lh_eval.kernels.reference.select import select


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
    scores = token_scores(q, k, v, config, scale)
    require_finite(query_scores=scores.query, key_scores=scores.key, q=q, k=k, v=v)
    query_scores, key_scores = (
        max_pyramid(x, layout).repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in scores
    )
    return select(query_scores, key_scores, layout, forced=config.forced)
