"""How far a model's scores differ from token to token: a scorer ranks nothing where they are all alike."""

import logging
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.errors import InputError
from lh_eval.methods.lighthouse import use_lighthouse
from lh_eval.scorers.base import Scorer, Scores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Norms of SmolLM2 vary by 7 % and of the shipped checkpoint by 13 %; those of a fresh Qwen3 by rounding alone.
FLAT = 0.02
_TOKENS = 1024

_log = logging.getLogger(__name__)
_warned: "weakref.WeakSet[PreTrainedModel]" = weakref.WeakSet()  # once each


class LayerSpread(NamedTuple):
    """Standard deviation over mean of a layer's scores, by head.

    query: [H] as queries.
    key: [G] as keys; as many heads as the scorer gives scores for.
    """

    query: torch.Tensor
    key: torch.Tensor


def score_spread(
    model: "PreTrainedModel",
    input_ids: torch.Tensor,
    config: LighthouseConfig,
    dense_layers: Sequence[int] = (0, 1, -2, -1),
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
        The spread of each Lighthouse layer.
    """
    recorder = _Recorder(config.token_scorer)
    recording = config.scored_by(recorder)
    spreads: dict[int, LayerSpread] = {}

    def take(layer: int, indices: torch.Tensor) -> None:  # noqa: ARG001
        spreads[layer] = LayerSpread(*map(_variation, recorder.scores))

    # the reference asks the scorer; kernels may have their own form of it
    with (
        torch.inference_mode(),
        use_lighthouse(model, recording, dense_layers=dense_layers, impl="reference") as session,
    ):
        session.observe = take
        session.prefill(input_ids)
    return spreads


def norm_spread(
    model: "PreTrainedModel", ids: torch.Tensor, config: LighthouseConfig, dense_layers: Sequence[int], name: str
) -> float | None:
    """Measure how far norms differ over the beginning of a sample, and warn once where they hardly do.

    Args:
        model: transformers causal LM in evaluation mode.
        ids: [1, N] the sample's tokens.
        config: names the scorer.
        dense_layers: layers that are left out.
        name: of the model, for the warning.

    Returns:
        The median coefficient of variation over layers and heads; None where another scorer selects.
    """
    if config.scorer.name != "norm":
        return None
    try:
        spread = median_spread(score_spread(model, ids[:, :_TOKENS], config, dense_layers))
    except (InputError, RuntimeError):  # the samples' own rows say what is wrong with the model
        return None
    if spread is not None and spread < FLAT and model not in _warned:
        _warned.add(model)
        _log.warning(
            "%s has nearly equal norms of queries and keys (they vary by %.2g %%, median over heads), as models that "
            "normalise both have: norm selects by small differences; try --scorer qk",
            name,
            100 * spread,
        )
    return spread


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
