"""Scorers whose scores the Triton backend makes with a kernel of its own, by their exact type.

A subclass may score otherwise: it is asked itself, as every scorer is that is not in the table.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from lh_eval.kernels.triton import ops
from lh_eval.scorers.base import Scorer, Scores
from lh_eval.scorers.forced import Forced, natural_of
from lh_eval.scorers.gla import GatedLinear
from lh_eval.scorers.norm import Norm
from lh_eval.scorers.pooled_qk import PooledQueryKey, window_means


class Means(NamedTuple):
    """Window means of the tokens as they are scored, which pooling has taken anyway.

    window: tokens averaged.
    q: [B, H, n, D], n = ceil(N / window) or more.
    k: [B, G, n, D].
    """

    window: int
    q: torch.Tensor
    k: torch.Tensor


def scored_by_pooling(scorer: Scorer) -> bool:
    """Whether the scores are the norms, which the pooling kernel takes in the same read."""
    return type(scorer) is Norm


def rounds_otherwise(scorer: Scorer, dtype: torch.dtype) -> bool:
    """Whether the fused form rounds otherwise than the scorer, so that near ties may be selected otherwise."""
    return type(natural_of(scorer)) is GatedLinear and dtype != torch.float64


def fused_scorer(scorer: Scorer, means: Means | None = None) -> Scorer:
    """The scorer's fused form, or itself where it has none.

    Args:
        scorer: what scores.
        means: of the queries and keys that it will be given, if they are at hand.
    """
    form = _FORMS.get(type(scorer))
    return scorer if form is None else functools.partial(form, scorer, means)


def _pooled_query_key(
    scorer: PooledQueryKey,
    means: Means | None,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,  # noqa: ARG001
    *,
    scale: float,
) -> Scores:
    window = scorer.window_at(q.shape[2])

    def within(x: torch.Tensor, expected: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
        return ops.window_scores(x, expected, strength, window, scorer.own, scale)

    # bfloat16 sums of a window are exact in float32 but for components 2^12 apart; others' order would show
    if means is not None and means.window == window and q.dtype == torch.bfloat16:
        averages = [_ending(x, pooled, window) for x, pooled in ((q, means.q), (k, means.k))]
    else:
        averages = [window_means(x, window) for x in (q, k)]
    return scorer.scores(q, k, averages[0], averages[1], scale, within, ops.row_norms)


def _ending(x: torch.Tensor, means: torch.Tensor, window: int) -> torch.Tensor:
    """Means of x's windows; the last one, where it is partial, over the tokens that it has."""
    whole = x.shape[2] // window
    if whole * window == x.shape[2]:
        return means[:, :, :whole]
    return torch.cat([means[:, :, :whole], window_means(x[:, :, whole * window :], window)], dim=2)


def _gated_linear(
    scorer: GatedLinear,
    means: Means | None,  # noqa: ARG001
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    scale: float,
) -> Scores:
    if q.dtype == torch.float64:  # no product of it on a GPU
        return scorer(q, k, v, scale=scale)
    return Scores(*ops.gla_norms(q, k, v, scorer.dilation, scorer.log_gate, scale).unbind())


def _forced(
    scorer: Forced, means: Means | None, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float
) -> Scores:
    return scorer.put(fused_scorer(scorer.scorer, means)(q, k, v, scale=scale))


_FORMS: dict[type, Callable[..., Any]] = {
    PooledQueryKey: _pooled_query_key,
    GatedLinear: _gated_linear,
    Forced: _forced,
}
