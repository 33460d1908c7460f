"""One context read under a press: afterwards the model is as before, and the cache holds what the press left."""

import contextlib
import zlib
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache, PreTrainedModel

from lh_eval.compat import attention_implementation
from lh_eval.errors import InputError
from lh_eval.modeling.kept_positions import FollowPositions, kept_positions, mark
from lh_eval.modeling.memory import new_memory, read_on, takes_many
from lh_eval.modeling.presses import explained, press_name

_MOVES_KEYS = ("KeyRerotationPress", "FinchPress", "RestoreKVPress")  # to the positions 0, 1, ... of what is left


class Compressed(NamedTuple):
    """A context as a press left it.

    cache: keys and values, [1, G, S, D] in each layer.
    hidden: of each layer that has entries which the press hides but does not drop: which, [1, G, S].
    kept: of each layer without a sliding window: the positions that its heads keep, [1, G, K]; see `kept_positions`.
    begin: position of what comes next.
    """

    cache: DynamicCache
    hidden: dict[int, torch.Tensor]
    kept: dict[int, torch.Tensor]
    begin: int


def self_attentions(model: PreTrainedModel) -> list[Any]:
    """The modules that kvpress hooks.

    Raises:
        InputError: the model has them elsewhere, or states beside them, which no press compresses.
    """
    decoder = getattr(model, "model", None)
    layers = getattr(getattr(decoder, "language_model", decoder), "layers", ())
    modules = [getattr(layer, "self_attn", None) for layer in layers]
    if not modules or None in modules:
        raise InputError(
            f"model must have self_attn in each of model.layers for a press, got {type(model).__name__}; "
            "take another method"
        )
    if not takes_many(new_memory(model)):
        raise InputError(
            f"model must keep keys and values alone for a press, got {type(model).__name__}, which keeps states; "
            "take another method"
        )
    return modules


def read_compressed(model: PreTrainedModel, press: Any, ids: torch.Tensor) -> Compressed:
    """Read a context and compress its cache. Layers with a sliding window keep it.

    A press that draws at random draws the same for the same tokens.

    Args:
        model: causal LM within a session.
        press: what `make_press` returns.
        ids: [1, N] tokens.

    Raises:
        InputError: the press refuses the model or the context, or what it keeps cannot be told.
    """
    modules, name, length = self_attentions(model), press_name(type(press)), ids.shape[1]
    before = [(module, {*vars(module), *module._modules}) for module in model.modules()]
    cache = new_memory(model)
    assert cache is not None, "of a model with layers of full attention"
    read: set[int] = set()

    def mark_entries(module: Any, _args: Any, kwargs: dict[str, Any], _output: Any) -> None:
        index, layer = module.layer_idx, kwargs["past_key_values"].layers[module.layer_idx]
        if layer.is_sliding:
            return
        if index not in read:
            read.add(index)
            module.masked_key_indices = None  # where a press writes what it hides
        elif layer.get_seq_length() != length + kwargs["hidden_states"].shape[1]:
            return  # unlike a press that reads on before it compresses
        mark(layer)

    def compress(module: Any, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
        used = kwargs["past_key_values"]
        if used.layers[module.layer_idx].is_sliding:
            return output
        end = used.get_seq_length(module.layer_idx)
        new = kwargs["hidden_states"].shape[1]
        # transformers no longer passes cache_position
        return hook(module, args, {**kwargs, "cache_position": torch.arange(end - new, end)}, output)

    devices = [ids.device] if ids.is_cuda else []
    with contextlib.ExitStack() as undo, torch.random.fork_rng(devices):
        undo.callback(_drop_new, before)
        undo.callback(_restore_attention, model, attention_implementation(model))
        for module in modules:
            undo.callback(module.register_forward_hook(mark_entries, with_kwargs=True).remove)
        hook, press.forward_hook = press.forward_hook, compress
        undo.callback(vars(press).pop, "forward_hook")
        torch.manual_seed(zlib.crc32(ids.cpu().numpy().tobytes()))
        # some presses need gradients, which inference mode would not give them
        with explained(name), torch.inference_mode(False), torch.no_grad(), FollowPositions(), press(model):
            read_on(model.base_model, ids.clone(), cache, 0)
        masked = {module.layer_idx: module.masked_key_indices for module in modules if module.layer_idx in read}
    hidden = {index: _hidden(cache.layers[index], places) for index, places in masked.items() if places is not None}
    kept = {}
    for index in masked:
        positions = kept_positions(cache.layers[index], hidden.get(index), length)
        if positions is None:
            raise InputError(f"press must keep entries of its context, got {name!r} with what cannot be followed")
        kept[index] = positions
    moves = type(press).__name__ in _MOVES_KEYS and getattr(press, "rerotate_keys", True)
    return Compressed(cache, hidden, kept, cache.get_seq_length(next(iter(kept))) if moves else length)


def _hidden(layer: Any, places: tuple[torch.Tensor, ...]) -> torch.Tensor:
    hidden = torch.zeros(layer.keys.shape[:3], dtype=torch.bool, device=layer.keys.device)
    hidden[tuple(place.to(hidden.device) for place in places)] = True
    return hidden


def _restore_attention(model: PreTrainedModel, name: str) -> None:
    """A press that fails may leave the model with another one."""
    if attention_implementation(model) != name:
        model.set_attn_implementation(name)


def _drop_new(before: list[tuple[Any, set[str]]]) -> None:
    """Take off the modules what a press left there."""
    for module, names in before:
        for name in {*vars(module), *module._modules} - names:
            delattr(module, name)
