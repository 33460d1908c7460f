"""The fast implementation: a Triton kernel for each stage, PyTorch's own attention in between."""

from collections.abc import Callable

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.dense import causal_attention
from lh_eval.attention.scoring import require_finite, token_scores
from lh_eval.errors import InputError
from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.triton import ops
from lh_eval.scorers.norm import Norm

Means = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output [B, H, N, D] and selected entries [B, H, S], int32, for q [B, H, N, D] and k, v [B, G, N, D]."""
    layout = layout_of(q, config)
    means, indices, inverse = select_with_means(q, k, v, config, scale, layout)
    q_rows, k_rows, v_rows = ops.gather(q, k, v, *means, indices, inverse, layout)
    out = causal_attention(q_rows, k_rows, v_rows, scale)
    return ops.scatter(out, indices, inverse, layout, tokens_first(q)), indices


def select_entries(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float
) -> torch.Tensor:
    """Selected entries [B, H, S] of q [B, H, N, D] and k, v [B, G, N, D], int32."""
    return select_with_means(q, k, v, config, scale, layout_of(q, config))[1]


@torch.no_grad()
def select_with_means(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float, layout: list[int]
) -> tuple[Means, torch.Tensor, torch.Tensor]:
    """Stored means of q, k and v, selected entries [B, H, S] and inverse map [B, H, P]."""
    *means, query_scores, key_scores, bad = pool_and_score(q, k, v, config, scale, layout)
    try:
        indices, inverse = ops.select(query_scores, key_scores, bad, layout, config.forced)
    except InputError:
        scores = token_scores(q, k, v, config, scale)
        require_finite(query_scores=scores.query, key_scores=scores.key, q=q, k=k, v=v)  # with the token's position
        raise
    return (means[0], means[1], means[2]), indices, inverse


def pool_and_score(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float, layout: list[int]
) -> tuple[torch.Tensor, ...]:
    """Stored means of q, k and v, scores [B, H or G, P - N'] of the levels from 1 on, and the flag of bad ones.

    The norm scorer is part of the pooling kernel; any other one runs as it is.
    """
    if isinstance(config.token_scorer, Norm):
        return ops.pool(q, k, v, layout, True)
    sizes = config.layout(q.shape[2])
    *means, _, _, bad = ops.pool(q, k, v, layout, False)
    scores = token_scores(q, k, v, config, scale)
    wrong = [~x.isfinite() for x in scores]
    pyramids = (max_pyramid(x.masked_fill(y, float("inf")), sizes) for x, y in zip(scores, wrong, strict=True))
    query_scores, key_scores = (x[..., sizes.padded :].contiguous() for x in pyramids)
    query_scores = query_scores.repeat_interleave(q.shape[1] // query_scores.shape[1], dim=1)
    return *means, query_scores, key_scores, bad | wrong[0].any() | wrong[1].any()


def stages(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    grad: torch.Tensor | None = None,
) -> dict[str, Callable[[], object]]:
    """Each stage as a call of its own on ready inputs, in order, for timing; backwards too where `grad` is given.

    Args:
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        config: what to compute.
        scale: factor of the attention logits.
        grad: [B, H, N, D] gradient of the output.
    """
    layout, first = layout_of(q, config), tokens_first(q)
    *means, query_scores, key_scores, bad = pool_and_score(q, k, v, config, scale, layout)
    indices, inverse = ops.select(query_scores, key_scores, bad, layout, config.forced)
    rows = [x.detach().requires_grad_(grad is not None) for x in ops.gather(q, k, v, *means, indices, inverse, layout)]
    out = causal_attention(rows[0], rows[1], rows[2], scale)
    calls: dict[str, Callable[[], object]] = {
        "pool+score": lambda: pool_and_score(q, k, v, config, scale, layout),
        "select": lambda: ops.select(query_scores, key_scores, bad, layout, config.forced),
        "gather": lambda: ops.gather(q, k, v, *means, indices, inverse, layout),
        "attend": lambda: causal_attention(rows[0], rows[1], rows[2], scale),
        "scatter": lambda: ops.scatter(out.detach(), indices, inverse, layout, first),
    }
    if grad is not None:
        out_grad = ops.scatter_backward(grad, indices, layout)
        grads = torch.autograd.grad(out, rows, out_grad, retain_graph=True)
        calls["scatter backward"] = lambda: ops.scatter_backward(grad, indices, layout)
        calls["attend backward"] = lambda: torch.autograd.grad(out, rows, out_grad, retain_graph=True)
        calls["gather backward"] = lambda: ops.gather_backward(*grads, inverse, layout, k.shape[1])
    return calls


def layout_of(q: torch.Tensor, config: LighthouseConfig) -> list[int]:
    """The arguments of `Layout` as the operators take them."""
    return [q.shape[2], config.num_levels, config.pooling_factor, config.num_tiles, config.entries_per_tile]


def tokens_first(q: torch.Tensor) -> bool:
    """Whether q [B, H, N, D] lies in memory as [B, N, H, D], as in most models; the output then does too."""
    return q.stride(1) < q.stride(2)
