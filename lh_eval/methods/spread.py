"""How far a model's scores differ from token to token: a scorer ranks nothing where they are all alike."""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.modeling.session import use_lighthouse
from lh_eval.scorers.base import Scorer, Scores


class LayerSpread(NamedTuple):
    """Standard deviation over mean of a layer's scores, by head.

    query: [H] as queries.
    key: [G] as keys; as many heads as the scorer gives scores for.
    """

    query: torch.Tensor
    key: torch.Tensor


def score_spread(
    model: Any, input_ids: torch.Tensor, config: LighthouseConfig, dense_layers: Sequence[int] = (0, 1, -2, -1)
) -> dict[int, LayerSpread]:
    """Measure the spread of the scores over the tokens of one prefill, the coefficient of variation.

    Models that normalise queries and keys (Qwen3 each head, OLMo the full width) have nearly constant norms: what
    `norm` then selects is decided by small differences.

    Args:
        model: transformers causal LM in evaluation mode.
        input_ids: [B, N] a sample prompt, without padding.
        config: names the scorer.
        dense_layers: layers that are left out.

    Returns:
        The spread of each Lighthouse layer but a last one, whose output no later layer reads.
    """
    recorder = _Recorder(config.token_scorer)
    recording = copy.copy(config)
    object.__setattr__(recording, "_token_scorer", recorder)
    spreads: dict[int, LayerSpread] = {}

    def take(layer: int, indices: torch.Tensor) -> None:  # noqa: ARG001
        spreads[layer] = LayerSpread(*map(_variation, recorder.scores))

    # the reference asks the scorer; kernels may have their own form of it
    with (
        torch.inference_mode(),
        use_lighthouse(model, recording, dense_layers=dense_layers, impl="reference") as session,
    ):
        session.on_select = take
        session.fill_cache(model, input_ids.to(model.device))
    return spreads


def median_spread(spreads: dict[int, LayerSpread]) -> float | None:
    """Median over layers, heads, queries and keys; None where no layer was measured."""
    if not spreads:
        return None
    return torch.cat([values.flatten() for spread in spreads.values() for values in spread]).median().item()


class _Recorder:
    """A scorer that keeps what it last gave."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.scores: Scores

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
        self.scores = self._scorer(q, k, v, scale=scale)
        return self.scores


def _variation(scores: torch.Tensor) -> torch.Tensor:
    """[heads] of scores [B, heads, N], the mean over the batch."""
    scores = scores.double()
    return (scores.std(-1, correction=0) / scores.mean(-1).abs().clamp(min=1e-12)).mean(0)
