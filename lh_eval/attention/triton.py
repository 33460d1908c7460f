"""The fast implementation: a Triton kernel for each stage, PyTorch's own attention in between."""

from collections.abc import Callable
from typing import NamedTuple

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.dense import causal_attention
from lh_eval.attention.fused import Means, fused_scorer, scored_by_pooling
from lh_eval.attention.rotary import Rotary
from lh_eval.attention.scoring import require_finite, token_scores
from lh_eval.errors import InputError
from lh_eval.kernels.triton import ops
from lh_eval.kernels.triton.common import stored_level
from lh_eval.kernels.triton.refuse import refuse
from lh_eval.scorers.base import Scores


class Pooled(NamedTuple):
    """Stored means and scores; see `lh_eval.kernels.triton.pool`.

    q, k, v: means [B, H or G, M, D].
    query, key: scores [B, H or G, P - N'] of the levels from 1 on.
    bad: int64 [1], the place of an input that is not finite, or 0.
    """

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    query: torch.Tensor
    key: torch.Tensor
    bad: torch.Tensor


def attend(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output [B, H, N, D] and selected entries [B, H, S], int32, for q [B, H, N, D] and k, v [B, G, N, D].

    With `rotary` what is pooled of q and k is rotated after selection.
    """
    layout, rotation = _layout(q, config), _rotation(q, config, rotary)
    with torch.no_grad():
        pooled = _pool(q, k, v, config, scale, layout, rotary)
        indices, inverse, bad = ops.select(pooled.query, pooled.key, pooled.bad, layout, config.forced)
    rows = ops.gather(q, k, v, pooled.q, pooled.k, pooled.v, indices, inverse, layout, *rotation)
    out = causal_attention(rows[0], rows[1], rows[2], scale)
    try:
        return ops.scatter(out, indices, inverse, bad, layout, k.shape[1], _tokens_first(q), config.combine), indices
    except InputError:
        _place(q, k, v, config, scale, rotary)
        raise


@torch.no_grad()
def select_entries(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None = None,
) -> torch.Tensor:
    """Selected entries [B, H, S] of q [B, H, N, D] and k, v [B, G, N, D], int32."""
    layout = _layout(q, config)
    pooled = _pool(q, k, v, config, scale, layout, rotary)
    indices, _, bad = ops.select(pooled.query, pooled.key, pooled.bad, layout, config.forced)
    try:
        refuse(bad, config.layout(q.shape[2]), heads=q.shape[1], groups=k.shape[1])
    except InputError:
        _place(q, k, v, config, scale, rotary)
        raise
    return indices


def stages(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None = None,
    grad: torch.Tensor | None = None,
) -> dict[str, Callable[[], object]]:
    """Each stage alone on inputs that are ready, for timing; see `lh_eval.attention.operator.stages`."""
    q, k, v = q.detach(), k.detach(), v.detach()
    layout, groups, first, combine = _layout(q, config), k.shape[1], _tokens_first(q), config.combine
    rotation = _rotation(q, config, rotary)
    pooled = _pool(q, k, v, config, scale, layout, rotary)
    indices, inverse, bad = ops.select(pooled.query, pooled.key, pooled.bad, layout, config.forced)
    means = pooled[:3]
    gathered = ops.gather(q, k, v, *means, indices, inverse, layout, *rotation)
    rows = [x.requires_grad_(grad is not None) for x in gathered]
    out = causal_attention(rows[0], rows[1], rows[2], scale)
    attended = out.detach()
    forward: dict[str, Callable[[], object]] = {
        "pool+score": lambda: _pool(q, k, v, config, scale, layout, rotary),
        "select": lambda: ops.select(pooled.query, pooled.key, pooled.bad, layout, config.forced),
        "gather": lambda: ops.gather(q, k, v, *means, indices, inverse, layout, *rotation),
        "attend": lambda: causal_attention(rows[0], rows[1], rows[2], scale),
        "scatter": lambda: ops.scatter(attended, indices, inverse, bad, layout, groups, first, combine),
    }
    timed: dict[str, Callable[[], object]] = {name: torch.no_grad()(run) for name, run in forward.items()}
    if grad is None:
        return timed
    out_grad = ops.scatter_backward(grad, indices, inverse, layout, combine)
    grads = torch.autograd.grad(out, rows, out_grad, retain_graph=True)
    return timed | {
        "scatter backward": lambda: ops.scatter_backward(grad, indices, inverse, layout, combine),
        "attend backward": lambda: torch.autograd.grad(out, rows, out_grad, retain_graph=True),
        "gather backward": lambda: ops.gather_backward(*grads, inverse, layout, groups, *rotation),
    }


def _pool(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    layout: list[int],
    rotary: Rotary | None,
) -> Pooled:
    """Pool and score; norms are part of the pooling kernel, other scores come after it."""
    norms = scored_by_pooling(config.token_scorer)
    pooled = Pooled(*ops.pool(q, k, v, layout, norms, *_rotation(q, config, rotary)))
    if norms:
        return pooled
    sizes = config.layout(q.shape[2])
    level, means = stored_level(sizes), None
    if rotary is None:  # else what is stored is of tokens that were rotated relatively, which scorers do not see
        means = Means(sizes.factor**level, *(x[:, :, : sizes.sizes[level]] for x in (pooled.q, pooled.k)))
    scores = _scores(q, k, v, config, scale, rotary, means)
    query, key, bad = ops.max_pyramid(scores.query, scores.key, layout)
    query = query.repeat_interleave(q.shape[1] // query.shape[1], dim=1)
    # where a score is not finite is looked for when it is wanted
    return pooled._replace(query=query, key=key, bad=torch.maximum(pooled.bad, bad))


def _scores(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None,
    means: Means | None = None,
) -> Scores:
    """Token scores, by the scorer's kernel where it has one."""
    scorer = config.token_scorer if scored_by_pooling(config.token_scorer) else fused_scorer(config.token_scorer, means)
    return token_scores(scorer, q, k, v, scale, rotary, ops.unrotated)


@torch.no_grad()
def _place(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, config: LighthouseConfig, scale: float, rotary: Rotary | None
) -> None:
    """Say exactly where a score or an input is not finite.

    Raises:
        InputError: always, if there is one.
    """
    scores = _scores(q, k, v, config, scale, rotary)
    require_finite(query_scores=scores.query, key_scores=scores.key, q=q, k=k, v=v)


def _rotation(
    q: torch.Tensor, config: LighthouseConfig, rotary: Rotary | None
) -> tuple[torch.Tensor | None, list[int]]:
    """The table and the integers of `Rotation` as the operators take them."""
    if rotary is None:
        return None, []
    found = rotary.rotation(q.shape[3], config.window, q)
    return found.table, [found.pairs, found.apart]


def _layout(q: torch.Tensor, config: LighthouseConfig) -> list[int]:
    """The arguments of `Layout` as the operators take them."""
    return [q.shape[2], config.num_levels, config.pooling_factor, config.num_tiles, config.entries_per_tile]


def _tokens_first(q: torch.Tensor) -> bool:
    """Whether q [B, H, N, D] lies in memory as [B, N, H, D], as in most models; the output then does too."""
    return q.stride(1) < q.stride(2)
