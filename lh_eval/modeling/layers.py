"""A model's layers as a method sees them: which of them attend, and which it can take over."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicLayer, LinearAttentionAndFullAttentionLayer

from lh_eval.compat import chooses_attention, has_sdpa
from lh_eval.errors import InputError
from lh_eval.modeling.memory import is_croppable, new_memory

_OUT_OF_ORDINARY = {
    "attn_logit_softcapping": "soft-capped scores",
    "sinks": "attention sinks",
    "indexer": "an indexer that selects keys",
}


def attention_modules(model: PreTrainedModel) -> list[torch.nn.Module]:
    """The modules that know which layer they are: those whose attention `AttentionInterface` chooses among them."""
    return [module for module in model.modules() if isinstance(getattr(module, "layer_idx", None), int)]


def full_attention_layers(model: PreTrainedModel) -> frozenset[int]:
    """Indices of the layers whose attention is over everything before: no window, no chunks, no state, no index.

    How transformers caches a layer says what it is, in every architecture alike.
    """
    cache = new_memory(model)
    if cache is None:
        return frozenset()
    full = (DynamicLayer, LinearAttentionAndFullAttentionLayer)
    return frozenset(index for index, layer in enumerate(cache.layers) if type(layer) in full)


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
            "name fewer with --dense-layers (`none` is no layer), or run dense attention"
        )
    return layers


def layers_of(model: PreTrainedModel, dense_layers: Sequence[int], title: str = "Lighthouse") -> frozenset[int]:
    """Indices of a model's layers that a method takes over: not named dense, and of full attention.

    Raises:
        InputError: an index is out of range, no layer is left, or the model's attention is not plain.
    """
    if (reason := obstacle(model, title)) is not None:
        raise InputError(reason)
    layers = layers_under(model.config.get_text_config().num_hidden_layers, dense_layers, title)
    left = layers & full_attention_layers(model)
    if not left:
        raise InputError(
            f"model must have a layer of full attention for {title}, got {type(model).__name__} with none among the "
            f"{len(layers)} that are not named dense; run dense attention"
        )
    return left


def is_plain(model: PreTrainedModel) -> bool:
    """Whether attention is `sdpa` over keys and values, all of them kept, in every layer."""
    cache = new_memory(model)
    return cache is not None and is_croppable(cache) and obstacle(model, latent=True) is None


def obstacle(model: PreTrainedModel, title: str = "Lighthouse", *, latent: bool = False) -> str | None:
    """Why a method cannot take over a model's attention, in a line; None if it can.

    Args:
        model: a causal LM.
        title: the method's name.
        latent: whether values may be of another size than keys.
    """
    name, full = type(model).__name__, full_attention_layers(model)
    modules = [module for module in attention_modules(model) if module.layer_idx in full]
    if not modules:
        return f"model must have layers of full softmax attention for {title}, got {name} with none; run it dense"
    found = None
    if not chooses_attention(model):
        found = "attention of its own making"
    elif not has_sdpa(model):
        found = "soft caps, sinks or a bias that sdpa does not have"
    for attribute, what in _OUT_OF_ORDINARY.items():
        if any(getattr(module, attribute, None) is not None for module in modules):
            found = what
    for module in modules:
        key, value = getattr(module, "qk_head_dim", None), getattr(module, "v_head_dim", None)
        if not latent and key is not None and value is not None and key != value:
            found = f"keys of {key} and values of {value} dimensions"
    return found and f"model must have plain softmax attention for {title}, got {name} with {found}; run it dense"
