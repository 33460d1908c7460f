"""`Session`: a transformers model whose attention is, for as long as a block lasts, a method's.

    with attending(model, attention, layers) as session:
        filled = session.prefill(ids)

A layer's call with as many queries as keys is a prefill (or a training step) and runs the method's attention; so does a
call with fewer, where the method has a form for it. Every other call, other layers and sliding-window layers run
transformers' own `sdpa` with its own mask: they attend densely.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from lh_eval.errors import InputError
from lh_eval.modeling.attention import LayerAttention
from lh_eval.modeling.calls import accepts
from lh_eval.modeling.extending import extend
from lh_eval.modeling.layers import attention_modules, last_cached_layer
from lh_eval.modeling.packing import attend_side_by_side, current_layout
from lh_eval.modeling.padding import unpadded

_NAME = "lh_eval"
_PART = 1024  # tokens by which a cache is extended at once
_CUDA_PART = 8192  # where flash attention makes no mask, and a short part leaves the device idle
_ATTRIBUTE = "_lh_eval_session"

# Within a prefill that extends a cache: masks are not made, attention is causal from the bottom right.
_continuing: ContextVar[bool] = ContextVar("_continuing", default=False)

Observe = Callable[[int, torch.Tensor], None]  # layer and kept positions [B, H, S]; what is no token's is skipped


class Prefill(NamedTuple):
    """What was read.

    cache: keys and values of the tokens, in every layer; a method may keep fewer than were read.
    tokens: how many were read: the position of what comes next, whatever the cache holds.
    logits: [B, V] after the last token, where they were asked for.
    """

    cache: DynamicCache
    tokens: int
    logits: torch.Tensor | None = None


@dataclasses.dataclass
class Session:
    """How a model attends within a block, and what reads token ids by it.

    Attributes:
        model: the model.
        attention: what the layers in `layers` compute; None attends densely everywhere.
        layers: indices of the layers under `attention`.
        last_layer: the last layer with keys and values; a prefill for its cache alone ends there.
        asks_under: calls that extend a cache run `attention` too, where it has a form for them.
        observe: called with layer and kept positions after each call of `attention` without padding.
    """

    model: PreTrainedModel
    attention: LayerAttention | None
    layers: frozenset[int]
    last_layer: int | None
    asks_under: bool = False
    observe: Observe | None = None
    _filling: bool = False

    @property
    def shares_prefixes(self) -> bool:
        """Whether a context may be read on from a cache of its beginning."""
        return self.attention is None or not self.attention.whole

    @property
    def selects(self) -> bool:
        """Whether some tokens are kept and others not."""
        return self.attention is not None

    @property
    def packs(self) -> bool:
        """Whether questions of one context may lie side by side in a row of its cache."""
        return not self.asks_under and bool(attention_modules(self.model))

    def prefill(self, ids: torch.Tensor, before: Prefill | None = None, *, logits: bool = False) -> Prefill:
        """Read tokens; without `logits`, what comes after the last layer's keys and values is not computed.

        Args:
            ids: [B, N] tokens, without padding.
            before: what was read before them; its cache is extended. Only where a context may be read on from its
                beginning: elsewhere what is kept depends on the whole of it.
            logits: whether those after the last token are wanted.
        """
        if before is not None and not self.shares_prefixes:
            assert self.attention is not None
            raise InputError(
                f"cache must be None under {self.attention.title} attention, got one; prefill the whole context"
            )
        ids = ids.to(self.model.device)
        cache = DynamicCache(config=self.model.config) if before is None else before.cache
        # a part at a time: where flash attention is not to be had, its mask is [part, all tokens before it]
        size = _CUDA_PART if ids.is_cuda and self.model.dtype.itemsize == 2 else _PART
        parts = [ids] if before is None else ids.split(size, dim=1)
        read = 0 if before is None else before.tokens
        found = None
        for number, part in enumerate(parts):
            found = self._read(part, cache, read, logits=logits and number == len(parts) - 1)
            read += part.shape[1]
        return Prefill(cache, read, found)

    def _read(self, ids: torch.Tensor, cache: DynamicCache, begin: int, *, logits: bool) -> torch.Tensor | None:
        token = _continuing.set(begin > 0)
        self._filling = not logits
        options = positions_from(self.model, begin, ids.shape[1])
        try:
            if logits:
                options |= {"logits_to_keep": 1} if accepts(self.model, "logits_to_keep") else {}
                return self.model(input_ids=ids, past_key_values=cache, use_cache=True, **options).logits[:, -1]
            self.model.base_model(input_ids=ids, past_key_values=cache, use_cache=True, **options)
        except _CacheFilled:
            pass
        finally:
            _continuing.reset(token)
            self._filling = False
        return None


def positions_from(model: PreTrainedModel, begin: int, n: int) -> dict[str, Any]:
    """The argument with the positions of n tokens that come after `begin` others, where the model takes any."""
    if not accepts(model, "position_ids"):
        return {}
    return {"position_ids": torch.arange(begin, begin + n, device=model.device)[None]}


class _CacheFilled(Exception):  # noqa: N818 - not an error
    """Ends a prefill once the last layer's keys and values are in the cache."""


@contextlib.contextmanager
def attending(
    model: PreTrainedModel, attention: LayerAttention | None, layers: frozenset[int], *, asks_under: bool = False
) -> Iterator[Session]:
    """Run a model's calls under a method's attention until the block ends.

    Args:
        model: a causal LM whose attention follows transformers' `AttentionInterface`; where `attention` is None any.
        attention: what to compute; None attends densely everywhere.
        layers: indices of the layers under it.
        asks_under: as in `Session`.

    Raises:
        InputError: the model is in a session already.
    """
    modules = attention_modules(model)
    session = Session(model, attention, layers, last_cached_layer(model) if modules else None, asks_under)
    if any(hasattr(module, _ATTRIBUTE) for module in modules):
        raise InputError("model must not be attending already, got a nested call; leave the outer block first")
    if not modules:
        yield session
        return
    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, _mask)
    before = model.config._attn_implementation
    try:
        for module in modules:
            setattr(module, _ATTRIBUTE, session)
        model.set_attn_implementation(_NAME)
        yield session
    finally:
        model.set_attn_implementation(before)
        for module in modules:
            module.__dict__.pop(_ATTRIBUTE, None)


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
    attention = session.attention if layer in session.layers else None
    if session._filling and layer == session.last_layer:
        if attention is not None and session.observe is not None:
            session.observe(layer, attention.kept(query, key, value, scaling))
        raise _CacheFilled

    if (layout := current_layout()) is not None:
        _check_plain(kwargs, layer, "where questions share a context")
        return attend_side_by_side(query, key, value, layout, scaling), None
    prefills = query.shape[2] == key.shape[2]
    asks = not prefills and attention is not None and not attention.whole and (session.asks_under or _continuing.get())
    if attention is not None and (prefills or asks) and kwargs.get("is_causal") is not False:
        _check_plain(kwargs, layer, f"under {attention.title}")
        if dropout:
            raise InputError(
                f"attention_dropout must be 0 under {attention.title}, got {dropout}; set it in the model config"
            )
        if torch.is_autocast_enabled(query.device.type):  # RoPE leaves float32 queries beside low-precision values
            dtype = torch.get_autocast_dtype(query.device.type)
            query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
        if attention_mask is not None and prefills:
            out = unpadded(attention, query, key, value, attention_mask, scaling)
        else:
            out, kept = attention.attend(query, key, value, scaling)
            if session.observe is not None:
                session.observe(layer, kept)
        return out.transpose(1, 2), None
    if _continuing.get() and session.last_layer is not None:
        return extend(query, key, value, scaling), None
    return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs)


def _check_plain(options: dict[str, Any], layer: int, where: str) -> None:
    for option in ("softcap", "s_aux", "position_bias", "sliding_window"):
        if options.get(option) is not None:
            raise InputError(f"model must have plain softmax attention {where}, got {option} in layer {layer}")


def _mask(*args: Any, **kwargs: Any) -> torch.Tensor | None:
    """The mask that transformers' `sdpa` has; none where a cache is extended or questions lie side by side."""
    return None if _continuing.get() or current_layout() else sdpa_mask(*args, **kwargs)
