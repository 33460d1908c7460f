"""Running any transformers causal LM under Lighthouse attention.

    with use_lighthouse(model, LighthouseConfig(k=2048), dense_layers=(0, 1, -2, -1)):
        model(input_ids)

A layer's call with as many queries as keys is a prefill (or a training step) and runs Lighthouse. Every other call
attends densely to the cache: symmetric pooling has no decode form. Dense layers, sliding-window layers and dense calls
run transformers' own `sdpa` with its own mask.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import torch
from torch.nn.attention.bias import causal_lower_right
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.operator import Impl, attend
from lh_eval.errors import InputError
from lh_eval.modeling.packing import attend_side_by_side, current_layout
from lh_eval.modeling.padding import real_spans

_NAME = "lighthouse"
_PART = 1024  # tokens by which a cache is extended at once
_CUDA_PART = 8192  # where flash attention makes no mask, and a short part leaves the device idle

# Within a prefill that extends a cache: masks are not made, attention is causal from the bottom right.
_continuing: ContextVar[bool] = ContextVar("_continuing", default=False)
_ATTRIBUTE = "_lighthouse_session"


@dataclasses.dataclass
class Session:
    """How the model's layers attend while `use_lighthouse` is active.

    Attributes:
        config: what Lighthouse layers compute; None makes every layer dense.
        layers: indices of the layers under Lighthouse.
        last_layer: index of the last layer.
        impl: operator implementation.
        on_select: called with layer index and selected entries [B, H, S] after each Lighthouse call without padding.
    """

    config: LighthouseConfig | None
    layers: frozenset[int]
    last_layer: int
    impl: Impl = "auto"
    on_select: Callable[[int, torch.Tensor], None] | None = None
    _filling: bool = False

    def fill_cache(
        self, model: PreTrainedModel, input_ids: torch.Tensor, cache: DynamicCache | None = None
    ) -> DynamicCache:
        """Prefill a context for its cache alone: what comes after the last layer's keys and values is not computed.

        Args:
            model: the model that `use_lighthouse` was given.
            input_ids: [B, N] the context, without padding.
            cache: keys and values of what comes before it, of full attention in every layer; it is extended. Only for
                dense attention: what Lighthouse selects depends on the whole context.

        Returns:
            Keys and values of the N tokens at full resolution, in every layer, after those of `cache`.
        """
        if cache is not None and self.config is not None:
            raise InputError("cache must be None under Lighthouse attention, got one; prefill the whole context")
        # a part at a time: where flash attention is not to be had, its mask is [part, all tokens before it]
        size = _CUDA_PART if input_ids.is_cuda and model.dtype.itemsize == 2 else _PART
        parts = [input_ids] if cache is None else input_ids.split(size, dim=1)
        cache = DynamicCache(config=model.config) if cache is None else cache
        for part in parts:
            self._filling = True
            token = _continuing.set(cache.get_seq_length() > 0)
            try:
                model.base_model(input_ids=part, past_key_values=cache, use_cache=True)
            except _CacheFilled:
                pass
            finally:
                _continuing.reset(token)
                self._filling = False
        return cache


class _CacheFilled(Exception):  # noqa: N818 - not an error
    """Ends a prefill once the last layer's keys and values are in the cache."""


@contextlib.contextmanager
def use_lighthouse(
    model: PreTrainedModel,
    config: LighthouseConfig | None,
    *,
    dense_layers: Sequence[int] = (0, 1, -2, -1),
    impl: Impl = "auto",
) -> Iterator[Session]:
    """Run a model's prefill and training calls under Lighthouse attention until the block ends.

    Args:
        model: a causal LM whose attention follows transformers' `AttentionInterface`.
        config: what to compute; None attends densely everywhere.
        dense_layers: layers that stay dense; negative indices count from the end.
        impl: operator implementation.

    Yields:
        The `Session`, for observing what is selected.

    Raises:
        InputError: a layer index is out of range, no layer is left for Lighthouse, or the model is in use already.
    """
    layers = layers_of(model, dense_layers) if config is not None else frozenset()
    session = Session(config, layers, model.config.get_text_config().num_hidden_layers - 1, impl)

    attached = [module for module in model.modules() if isinstance(getattr(module, "layer_idx", None), int)]
    if not attached:
        raise InputError(f"model must have attention layers with a layer_idx, got {type(model).__name__}")
    if any(hasattr(module, _ATTRIBUTE) for module in attached):
        raise InputError("model must not be in use_lighthouse already, got a nested call; leave the outer block first")
    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, _mask)
    before = model.config._attn_implementation
    try:
        for module in attached:
            setattr(module, _ATTRIBUTE, session)
        model.set_attn_implementation(_NAME)
        yield session
    finally:
        model.set_attn_implementation(before)
        for module in attached:
            module.__dict__.pop(_ATTRIBUTE, None)


def lighthouse_layers(num_layers: int, dense_layers: Sequence[int]) -> frozenset[int]:
    """Indices of the layers that are not dense.

    Raises:
        InputError: an index is out of range, or none is left.
    """
    for layer in dense_layers:
        if not -num_layers <= layer < num_layers:
            raise InputError(f"dense_layers must be from {-num_layers} to {num_layers - 1}, got {layer}")
    layers = frozenset(range(num_layers)) - {layer % num_layers for layer in dense_layers}
    if not layers:
        raise InputError(
            f"dense_layers must leave a layer for Lighthouse, got {tuple(dense_layers)} of {num_layers}; "
            "name fewer layers, or run dense attention"
        )
    return layers


def layers_of(model: PreTrainedModel, dense_layers: Sequence[int]) -> frozenset[int]:
    """Indices of a model's layers that run Lighthouse: not named dense, and without a sliding window.

    Raises:
        InputError: an index is out of range, or no layer is left.
    """
    config = model.config.get_text_config()
    layers = lighthouse_layers(config.num_hidden_layers, dense_layers)
    left = layers
    if getattr(config, "sliding_window", None):  # in every layer, unless the layers' kinds are named
        kinds = getattr(config, "layer_types", None) or ["sliding_attention"] * config.num_hidden_layers
        left = frozenset(layer for layer in layers if kinds[layer] != "sliding_attention")
    if not left:
        raise InputError(
            f"model must have a layer without a sliding window for Lighthouse, got {type(model).__name__} with one in "
            f"each of the {len(layers)} that are not named dense; run dense attention"
        )
    return left


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of one layer: query [B, H, Nq, D], key and value [B, G, Nk, D] -> [B, Nq, H, D]."""
    session: Session = getattr(module, _ATTRIBUTE)
    layer: int = module.layer_idx  # type: ignore[assignment]
    if session._filling and layer == session.last_layer:
        raise _CacheFilled

    if (layout := current_layout()) is not None:
        _check_plain(kwargs, layer)
        return attend_side_by_side(query, key, value, layout, scaling), None
    if session._filling and _continuing.get():
        return _extend(query, key, value, scaling), None
    prefill = query.shape[2] == key.shape[2] and kwargs.get("is_causal") is not False
    if session.config is None or layer not in session.layers or not prefill:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    _check_plain(kwargs, layer)
    if dropout:
        raise InputError(f"attention_dropout must be 0 under Lighthouse, got {dropout}; set it in the model config")

    if torch.is_autocast_enabled(query.device.type):  # RoPE leaves float32 queries and keys beside low-precision values
        dtype = torch.get_autocast_dtype(query.device.type)
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    out = _unpadded(session, layer, query, key, value, attention_mask, scaling)
    return out.transpose(1, 2), None


def _check_plain(options: dict[str, Any], layer: int) -> None:
    for option in ("softcap", "s_aux", "position_bias", "sliding_window"):
        if options.get(option) is not None:
            raise InputError(
                f"model must have plain softmax attention under Lighthouse and where questions share a context, "
                f"got {option} in layer {layer}"
            )


def _mask(*args: Any, **kwargs: Any) -> torch.Tensor | None:
    """The mask that transformers' `sdpa` has; none where `_extend` or questions side by side need none."""
    return None if _continuing.get() or current_layout() else sdpa_mask(*args, **kwargs)


def _extend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None) -> torch.Tensor:
    """Causal attention of the last Nq tokens: query [B, H, Nq, D], key and value [B, G, Nk, D] -> [B, Nq, H, D]."""
    repeats = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, repeats), repeat_kv(value, repeats)
    n, total = query.shape[2], key.shape[2]
    mask: Any = causal_lower_right(n, total)
    if query.device.type != "cuda":  # elsewhere torch would take its slowest way; added numbers are faster than bools
        mask = torch.full((n, total), -torch.inf, dtype=query.dtype, device=query.device).triu(total - n + 1)
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
    return out.transpose(1, 2)


def _unpadded(
    session: Session,
    layer: int,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scale: float | None,
) -> torch.Tensor:
    """Lighthouse over each row's real tokens, [B, H, N, D]; padding has no part in pyramid or selection."""
    assert session.config is not None
    if mask is None:
        out, indices = attend(query, key, value, session.config, scale=scale, impl=session.impl)
        if session.on_select is not None:
            session.on_select(layer, indices)
        return out
    rows = []
    for row, (start, stop) in enumerate(real_spans(mask)):
        q, k, v = (x[row : row + 1, :, start:stop] for x in (query, key, value))
        out = attend(q, k, v, session.config, scale=scale, impl=session.impl).out
        rows.append(torch.nn.functional.pad(out, (0, 0, start, query.shape[2] - stop)))
    return torch.cat(rows)
