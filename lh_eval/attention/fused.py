"""Scorers whose scores the Triton backend makes with a kernel of its own, by their exact type.

A subclass may score otherwise: it is asked itself, as every scorer is that is not in the table.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch

from lh_eval.kernels.triton import ops
from lh_eval.scorers.base import Scorer, Scores
from lh_eval.scorers.forced import Forced
from lh_eval.scorers.norm import Norm
from lh_eval.scorers.pooled_qk import PooledQueryKey


def scored_by_pooling(scorer: Scorer) -> bool:
    """Whether the scores are the norms, which the pooling kernel takes in the same read."""
    return type(scorer) is Norm


def fused_scorer(scorer: Scorer) -> Scorer:
    """The scorer's fused form, or itself where it has none."""
    form = _FORMS.get(type(scorer))
    return scorer if form is None else functools.partial(form, scorer)


def _pooled_query_key(
    scorer: PooledQueryKey,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,  # noqa: ARG001
    *,
    scale: float,
) -> Scores:
    def within(x: torch.Tensor, expected: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
        return ops.window_scores(x, expected, strength, scorer.window, scorer.own, scale)

    return scorer.scores(q, k, scale, within)


def _forced(scorer: Forced, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
    return scorer.put(fused_scorer(scorer.scorer)(q, k, v, scale=scale))


_FORMS: dict[type, Callable[..., Any]] = {PooledQueryKey: _pooled_query_key, Forced: _forced}
