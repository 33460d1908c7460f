"""The readable specification: Lighthouse attention stage by stage in pure torch, on any device and float dtype."""

from collections.abc import Callable

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.rotary import Rotary
from lh_eval.attention.scoring import require_finite, token_scores
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.reference.gather import invert, take
from lh_eval.kernels.reference.pool import mean_pyramid
from lh_eval.kernels.reference.scatter import scatter
from lh_eval.kernels.reference.select import select
from lh_eval.kernels.rotation import Rotation
from lh_eval.scorers.base import Scores


def attend(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Output [B, H, N, D] and selected entries [B, H, S] for q [B, H, N, D] and k, v [B, G, N, D].

    With `rotary` what is pooled of q and k is rotated after selection.
    """
    indices = select_entries(q, k, v, config, scale, rotary)
    return attend_selected(q, k, v, indices, config, scale, rotary), indices


def select_entries(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None = None,
) -> torch.Tensor:
    """Selected entries [B, H, S] of q [B, H, N, D] and k, v [B, G, N, D]."""
    layout = config.layout(q.shape[2])
    return select(*_score(q, k, v, config, layout, scale, rotary), layout, forced=config.forced)


def select_scored(scores: Scores, config: LighthouseConfig, heads: int) -> torch.Tensor:
    """Selected entries [B, H, S] of tokens that are scored already, H heads of queries."""
    layout = config.layout(scores.query.shape[2])
    return select(*_pyramids(scores, layout, heads), layout, forced=config.forced)


def attend_selected(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    indices: torch.Tensor,
    config: LighthouseConfig,
    scale: float,
    rotary: Rotary | None = None,
) -> torch.Tensor:
    """Output [B, H, N, D] where the entries [B, H, S] are selected already."""
    layout = config.layout(q.shape[2])
    inverse = invert(indices, layout.entries)
    gathered = [take(pyramid, indices, inverse) for pyramid in _pool(q, k, v, config, layout, rotary)]
    return scatter(_attend_densely(*gathered, scale=scale), indices, inverse, layout, config.combine)


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
    layout = config.layout(q.shape[2])
    q, k, v = (_leaf(x) for x in (q, k, v))
    scores = _score(q, k, v, config, layout, scale, rotary)
    indices = select(*scores, layout, forced=config.forced)
    inverse = invert(indices, layout.entries)
    pyramids = _pool(q, k, v, config, layout, rotary)
    gathered = [take(pyramid, indices, inverse) for pyramid in pyramids]
    inputs = [_leaf(x) for x in gathered]
    attended = _attend_densely(*inputs, scale=scale)
    rows = _leaf(attended)
    forward: dict[str, Callable[[], object]] = {
        "pool+score": lambda: (
            _pool(q, k, v, config, layout, rotary),
            _score(q, k, v, config, layout, scale, rotary),
        ),
        "select": lambda: select(*scores, layout, forced=config.forced),
        "gather": lambda: [take(x, indices, invert(indices, layout.entries)) for x in pyramids],
        "attend": lambda: _attend_densely(*inputs, scale=scale),
        "scatter": lambda: scatter(rows, indices, inverse, layout, config.combine),
    }
    timed: dict[str, Callable[[], object]] = {name: torch.no_grad()(run) for name, run in forward.items()}
    if grad is None:
        return timed
    out = scatter(rows, indices, inverse, layout, config.combine)
    (grad_rows,) = torch.autograd.grad(out, rows, grad, retain_graph=True)
    grad_inputs = torch.autograd.grad(attended, inputs, grad_rows, retain_graph=True)
    return timed | {
        "scatter backward": lambda: torch.autograd.grad(out, rows, grad, retain_graph=True),
        "attend backward": lambda: torch.autograd.grad(attended, inputs, grad_rows, retain_graph=True),
        "gather backward": lambda: torch.autograd.grad(gathered, (q, k, v), grad_inputs, retain_graph=True),
    }


def _leaf(x: torch.Tensor) -> torch.Tensor:
    return x.detach().requires_grad_()


def _pool(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    layout: Layout,
    rotary: Rotary | None,
) -> list[torch.Tensor]:
    """[B, H, P, D] pyramids of q, k and v, those of k and v once for each query head."""
    groups = q.shape[1] // k.shape[1]
    rotation: Rotation | None = None if rotary is None else rotary.rotation(q.shape[3], config.window, q)
    return [
        mean_pyramid(q, layout, rotation),
        mean_pyramid(k, layout, rotation).repeat_interleave(groups, dim=1),
        mean_pyramid(v, layout).repeat_interleave(groups, dim=1),
    ]


@torch.no_grad()
def _score(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    layout: Layout,
    scale: float,
    rotary: Rotary | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """[B, H, P] query and key scores."""
    scores = token_scores(config.token_scorer, q, k, v, scale, rotary)
    require_finite(query_scores=scores.query, key_scores=scores.key, q=q, k=k, v=v)
    return _pyramids(scores, layout, q.shape[1])


def _pyramids(scores: Scores, layout: Layout, heads: int) -> tuple[torch.Tensor, torch.Tensor]:
    query, key = (max_pyramid(x, layout).repeat_interleave(heads // x.shape[1], dim=1) for x in scores)
    return query, key


def _attend_densely(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> torch.Tensor:
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
