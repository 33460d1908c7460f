"""A model's layers as a method sees them: which attend, which it can take over, which fills its cache last."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel

from lh_eval.errors import InputError


def attention_modules(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The modules whose attention is chosen by transformers' `AttentionInterface`."""
    return [module for module in model.modules() if isinstance(getattr(module, "layer_idx", None), int)]


def last_cached_layer(model: PreTrainedModel) -> int:
    """Index of the last layer."""
    return int(model.config.get_text_config().num_hidden_layers) - 1


def layers_under(num_layers: int, dense_layers: Sequence[int], title: str = "Lighthouse") -> frozenset[int]:
    """Indices of the layers that are not dense.

    Args:
        num_layers: layers of the model.
        dense_layers: those that stay dense; negative indices count from the end.
        title: the method's name, for messages.

    Raises:
        InputError: an index is out of range, or none is left.
    """
    for layer in dense_layers:
        if not -num_layers <= layer < num_layers:
            raise InputError(f"dense_layers must be from {-num_layers} to {num_layers - 1}, got {layer}")
    layers = frozenset(range(num_layers)) - {layer % num_layers for layer in dense_layers}
    if not layers:
        raise InputError(
            f"dense_layers must leave a layer for {title}, got {tuple(dense_layers)} of {num_layers}; "
            "name fewer layers, or run dense attention"
        )
    return layers


def layers_of(model: PreTrainedModel, dense_layers: Sequence[int], title: str = "Lighthouse") -> frozenset[int]:
    """Indices of a model's layers that a method takes over: not named dense, and without a sliding window.

    Raises:
        InputError: an index is out of range, or no layer is left.
    """
    config = model.config.get_text_config()
    layers = layers_under(config.num_hidden_layers, dense_layers, title)
    left = layers - windowed_layers(config)
    if not left:
        raise InputError(
            f"model must have a layer without a sliding window for {title}, got {type(model).__name__} with one in "
            f"each of the {len(layers)} that are not named dense; run dense attention"
        )
    return left


def windowed_layers(config: Any) -> frozenset[int]:
    """Indices of the layers with a sliding window of the model's own."""
    if not getattr(config, "sliding_window", None):
        return frozenset()
    # in every layer, unless the layers' kinds are named
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"] * config.num_hidden_layers
    return frozenset(layer for layer, kind in enumerate(kinds) if kind == "sliding_attention")
