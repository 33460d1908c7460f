"""What a model remembers of what it read: keys and values, states, or both, in a cache of transformers' or of its own.

Architectures differ in its name and in how they go on from it. Two rules hold for all: positions are always given where
a model takes them, as not every cache knows how long it is; and a cache that holds states is gone on from token by
token, as `generate` does, since several at once are read as if nothing came before (Mamba, Jamba, MiniMax).
"""

import functools
import inspect
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, LinearAttentionCacheLayerMixin

from lh_eval.compat import takes_dynamic_cache
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_NAMES = ("past_key_values", "cache_params", "state")


def new_memory(model: "PreTrainedModel") -> DynamicCache | None:
    """An empty one for a model's first call; None where the model makes one of its own kind."""
    return DynamicCache(config=model.config) if takes_dynamic_cache(model) else None


def memory_name(model: Any) -> str:
    """The argument and output by which it goes in and comes out.

    Raises:
        InputError: the model has none.
    """
    for name in _NAMES:
        if accepts(model, name):
            return name
    raise InputError(f"model must take a cache of what it read, got {type(model).__name__} with none of {_NAMES}")


def read_on(
    model: Any, ids: torch.Tensor, memory: Any, begin: int, *, logits_to_keep: int | None = None
) -> tuple[Any, Any]:
    """One call of a model: tokens [B, n] at positions from `begin` on.

    Args:
        model: a causal LM, or its `base_model`.
        ids: the tokens.
        memory: of what comes before; changed in place. None if nothing does, and the model is to make it.
        begin: how many come before.
        logits_to_keep: as in transformers, where the model takes it.

    Returns:
        The model's output, and what it remembers then.
    """
    name = memory_name(model)
    options: dict[str, Any] = {} if memory is None else {name: memory}
    if accepts(model, "position_ids"):
        options["position_ids"] = torch.arange(begin, begin + ids.shape[1], device=ids.device).expand(len(ids), -1)
    if logits_to_keep is not None and accepts(model, "logits_to_keep"):
        options["logits_to_keep"] = logits_to_keep
    out = model(input_ids=ids, use_cache=True, **options)
    made = getattr(out, name, None)
    return out, memory if made is None else made


def is_croppable(memory: Any) -> bool:
    """Whether tokens can be taken off its end: not where a layer keeps a window or a state, or it is the model's."""
    return type(memory) is DynamicCache and all(type(layer) is DynamicLayer for layer in memory.layers)


def takes_many(memory: Any) -> bool:
    """Whether several tokens can be read at once after it: keys and values can be gone on from so, states cannot."""
    return type(memory) is DynamicCache and not any(map(_is_state, memory.layers))


def mixes_rows(model: Any) -> bool:
    """Whether the rows of a batch meet where they go on by a token, as RWKV's do in transformers."""
    return memory_name(model) == "state"


def check_filled(model: Any, memory: Any) -> None:
    """Raise InputError where what was read is not in it."""
    layers = memory.layers if type(memory) is DynamicCache else []
    if memory is None or any(
        _is_state(layer) and not any(layer.is_conv_states_initialized.values()) for layer in layers
    ):
        raise InputError(
            f"model must keep what it read in its cache, got {type(model).__name__}, which keeps it in its layers"
        )


def accepts(model: Any, name: str) -> bool:
    """Whether a model's forward pass names an argument; of its class, for one put in its place may not name it."""
    return name in _parameters(type(model))  # type: ignore[arg-type]


@functools.cache
def _parameters(cls: Any) -> frozenset[str]:
    return frozenset(inspect.signature(getattr(cls, "forward", cls.__call__)).parameters)


def _is_state(layer: Any) -> bool:
    return isinstance(layer, LinearAttentionCacheLayerMixin)
