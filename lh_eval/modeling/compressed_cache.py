"""Caches whose layers or heads differ in what they keep: put together of several contexts, and read on from.

transformers makes one mask for all layers, which a cache as a press leaves it may not fit. Here it is made layer by
layer; kvpress instead overwrites hidden keys with ones that no query sees, where such keys exist.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from lh_eval.compat import attention_implementation
from lh_eval.modeling.pressing import Compressed, self_attentions


class CompressedLayer(DynamicLayer):
    """A layer that differs from others in what it keeps.

    Attributes:
        hidden: [B, G, S], those of the first S entries that are not to be seen; None for none.
    """

    hidden: torch.Tensor | None = None

    @classmethod
    def of(cls, layer: DynamicLayer, hidden: torch.Tensor | None) -> "CompressedLayer":
        """Take over a layer's keys and values."""
        made = cls()
        made.__dict__.update(vars(layer), hidden=hidden)
        return made

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Take those rows, in that order."""
        super().reorder_cache(beam_idx)
        if self.hidden is not None:
            self.hidden = self.hidden[beam_idx.to(self.hidden.device)]

    def seen(self, n: int, heads: int) -> torch.Tensor:
        """What n tokens that are appended see, [B or 1, H or 1, n, entries + n]."""
        held = self.get_seq_length()
        seen = torch.ones(1, 1, n, held + n, dtype=torch.bool, device=self.device).tril(held)
        if self.hidden is None:
            return seen
        shown = torch.nn.functional.pad(~self.hidden, (0, held + n - self.hidden.shape[-1]), value=True)
        return seen & shown.repeat_interleave(heads // shown.shape[1], dim=1)[:, :, None]


def stack(parts: Sequence[Compressed]) -> DynamicCache:
    """Put caches together, a row each; the parts are used up.

    Its layers are plain ones where all keep as many entries and none hides any, so that it can be treated as any cache.
    """
    cache = parts[0].cache
    hidden: dict[int, torch.Tensor | None] = {}
    for index, layer in enumerate(cache.layers):
        rows: list[Any] = [part.cache.layers[index] for part in parts]
        most = max(row.keys.shape[2] for row in rows)
        if index in parts[0].kept:
            nothing = [row.keys.new_zeros(row.keys.shape[:3], dtype=torch.bool) for row in rows]
            masks = [part.hidden.get(index, none) for part, none in zip(parts, nothing, strict=True)]
            mask = torch.cat([_filled(mask, most, value=True) for mask in masks])
            hidden[index] = mask if bool(mask.any()) else None
        # a row with fewer entries is filled up behind, with hidden ones
        layer.keys = torch.cat([_filled(row.keys, most, value=0) for row in rows])
        layer.values = torch.cat([_filled(row.values, most, value=0) for row in rows])
        for row in rows[1:]:
            row.keys = row.values = layer.keys[:0]  # frees them
    lengths = {cache.layers[index].get_seq_length() for index in hidden}
    if len(lengths) > 1 or any(mask is not None for mask in hidden.values()):
        for index, of_layer in hidden.items():
            cache.layers[index] = CompressedLayer.of(cache.layers[index], of_layer)
    return cache


def stack_kept(parts: Sequence[Compressed], layer: int) -> torch.Tensor:
    """The positions that a layer keeps of each context, [B, G, K]; filled up with -1."""
    rows = [part.kept[layer] for part in parts]
    most = max(row.shape[2] for row in rows)
    return torch.cat([_filled(row, most, value=-1) for row in rows])


@contextlib.contextmanager
def answering(model: PreTrainedModel) -> Iterator[None]:
    """Within it, calls without padding go on from what `stack` makes; they name their `position_ids`."""
    heads = model.config.get_text_config().num_attention_heads

    def fit(module: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        cache = kwargs.get("past_key_values")
        layers = [] if cache is None else cache.layers
        layer = layers[module.layer_idx] if module.layer_idx < len(layers) else None
        if not isinstance(layer, CompressedLayer):
            return None
        hidden_states = kwargs["hidden_states"]
        mask = layer.seen(hidden_states.shape[1], heads)
        if attention_implementation(model) == "eager":  # which adds its mask to the scores
            mask = hidden_states.new_zeros(mask.shape).masked_fill(~mask, torch.finfo(hidden_states.dtype).min)
        return args, {**kwargs, "attention_mask": mask}

    with contextlib.ExitStack() as undo:
        for module in self_attentions(model):
            undo.callback(module.register_forward_pre_hook(fit, with_kwargs=True).remove)
        yield


def _filled(tensor: torch.Tensor, size: int, value: float) -> torch.Tensor:
    """The tensor [B, G, S, ...] with `value` behind its entries, until they are `size`."""
    missing = size - tensor.shape[2]
    if not missing:
        return tensor
    after = (0, 0) * (tensor.dim() - 3)  # padding is named from the last dimension on
    return torch.nn.functional.pad(tensor, (*after, 0, missing), value=value)
