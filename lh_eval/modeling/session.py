"""`Session`: a transformers model whose attention is, for as long as a block lasts, a method's.

    with attending(model, attention, layers) as session:
        filled = session.prefill(ids)

A layer's call with as many queries as keys is a prefill (or a training step) and runs the method's attention; so does a
call with fewer, where the method has a form for it. Every other call, other layers and sliding-window layers run
transformers' own `sdpa` with its own mask: they attend densely.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from lh_eval.compat import attention_implementation
from lh_eval.errors import InputError
from lh_eval.modeling.attention import LayerAttention
from lh_eval.modeling.extending import extend
from lh_eval.modeling.layers import attention_modules, is_plain
from lh_eval.modeling.memory import check_filled, new_memory, read_on
from lh_eval.modeling.packing import attend_side_by_side, current_layout
from lh_eval.modeling.padding import unpadded
from lh_eval.modeling.spans import Spans

_NAME = "lh_eval"
_PART = 1024  # tokens by which a cache is extended at once
_CUDA_PART = 8192  # where flash attention makes no mask, and a short part leaves the device idle
_ATTRIBUTE = "_lh_eval_session"
_ATTENTION = "_lh_eval_attention"  # what the layer computes under the session: all that compiled layers read of it

# Within a prefill that extends a cache: masks are not made, attention is causal from the bottom right.
_continuing: ContextVar[bool] = ContextVar("_continuing", default=False)

Observe = Callable[[int, torch.Tensor], None]  # layer and kept positions [B, H, S]; what is no token's is skipped


class Prefill(NamedTuple):
    """What was read.

    cache: keys and values of the tokens, in every layer, or what the architecture has in their place; a method may
        keep fewer than were read.
    tokens: how many were read: the position of what comes next, whatever the cache holds.
    logits: [B, V] after the last token, where they were asked for.
    """

    cache: Any
    tokens: int
    logits: torch.Tensor | None = None


@dataclasses.dataclass
class Session:
    """How a model attends within a block, and what reads token ids by it.

    Attributes:
        model: the model.
        attention: what the layers in `layers` compute; None attends densely everywhere.
        layers: indices of the layers under `attention`.
        plain: attention is ours to replace in every layer: ordinary softmax over keys and values that are all kept.
        asks_under: calls that extend a cache run `attention` too, where it has a form for them.
        observe: called with layer and kept positions after each call of `attention` without padding.
        others: layers in `layers` that compute another attention.
        spans: where needle and question lie in each row of what is read; empty where nobody said.
    """

    model: PreTrainedModel
    attention: LayerAttention | None
    layers: frozenset[int]
    plain: bool
    asks_under: bool = False
    observe: Observe | None = None
    others: Mapping[int, LayerAttention] = dataclasses.field(default_factory=dict)
    spans: Sequence[Spans] = ()
    _filling: bool = False
    _last_row: bool = False  # nothing is wanted of the last layer but its last row

    def attention_of(self, layer: int) -> LayerAttention | None:
        """What a layer computes in the place of dense attention; None where it stays dense."""
        return self.others.get(layer, self.attention) if layer in self.layers else None

    @property
    def shares_prefixes(self) -> bool:
        """Whether a context may be read on from a cache of its beginning."""
        return self.plain and (self.attention is None or not self.attention.whole)

    @property
    def selects(self) -> bool:
        """Whether some tokens are kept and others not."""
        return self.attention is not None

    @property
    def packs(self) -> bool:
        """Whether questions of one context may lie side by side in a row of its cache."""
        return self.plain and not self.asks_under

    def prefill(self, ids: torch.Tensor, before: Prefill | None = None, *, logits: bool = False) -> Prefill:
        """Read tokens; without `logits`, what comes after the last layer's keys and values is not computed.

        Args:
            ids: [B, N] tokens, without padding.
            before: what was read before them; its cache is extended. Only where a context may be read on from its
                beginning: elsewhere what is kept depends on the whole of it.
            logits: whether those after the last token are wanted.
        """
        if before is not None and not self.shares_prefixes:
            title = self.attention.title if self.attention is not None else f"{type(self.model).__name__}'s"
            raise InputError(f"cache must be None under {title} attention, got one; prefill the whole context")
        ids = ids.to(self.model.device)
        cache = new_memory(self.model) if before is None else before.cache
        # a part at a time: where flash attention is not to be had, its mask is [part, all tokens before it]
        size = _CUDA_PART if ids.is_cuda and self.model.dtype.itemsize == 2 else _PART
        parts = [ids] if before is None else ids.split(size, dim=1)
        read = 0 if before is None else before.tokens
        found = None
        for number, part in enumerate(parts):
            cache, found = self._read(part, cache, read, logits=logits and number == len(parts) - 1)
            read += part.shape[1]
        check_filled(self.model, cache)
        return Prefill(cache, read, found)

    def _read(self, ids: torch.Tensor, cache: Any, begin: int, *, logits: bool) -> tuple[Any, torch.Tensor | None]:
        token = _continuing.set(self.plain and begin > 0)
        self._filling = not logits and _ends_early(cache)
        self._last_row = logits
        try:
            if logits:
                out, cache = read_on(self.model, ids, cache, begin, logits_to_keep=1)
                return cache, out.logits[:, -1]
            return read_on(self.model.base_model, ids, cache, begin)[1], None
        except _CacheFilled:
            return cache, None
        finally:
            _continuing.reset(token)
            self._filling = self._last_row = False


def _ends_early(cache: Any) -> bool:
    """Whether all that the last layer keeps is there once its attention is called."""
    return type(cache) is DynamicCache and type(cache.layers[-1]) in (DynamicLayer, DynamicSlidingWindowLayer)


class _CacheFilled(Exception):  # noqa: N818 - not an error
    """Ends a prefill once the last layer's keys and values are in the cache."""


@contextlib.contextmanager
def attending(
    model: PreTrainedModel,
    attention: LayerAttention | None,
    layers: frozenset[int],
    *,
    asks_under: bool = False,
    compiled: bool = False,
) -> Iterator[Session]:
    """Run a model's calls under a method's attention until the block ends.

    Args:
        model: a causal LM whose attention follows transformers' `AttentionInterface`; where `attention` is None any.
        attention: what to compute; None attends densely everywhere.
        layers: indices of the layers under it.
        asks_under: as in `Session`.
        compiled: layers that were compiled run so, for calls on whole sequences; else nothing of the model does.

    Raises:
        InputError: the model is in a session already.
    """
    modules = attention_modules(model)
    session = Session(model, attention, layers, is_plain(model), asks_under)
    if any(hasattr(module, _ATTRIBUTE) for module in modules):
        raise InputError("model must not be attending already, got a nested call; leave the outer block first")
    if attention is None and not session.plain:
        yield session  # its attention stays its own
        return
    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, _mask)
    before = attention_implementation(model)
    stance = contextlib.nullcontext() if compiled else torch.compiler.set_stance("force_eager")
    try:
        for module in modules:
            setattr(module, _ATTRIBUTE, session)
            setattr(module, _ATTENTION, session.attention_of(module.layer_idx))  # type: ignore[arg-type]
        model.set_attn_implementation(_NAME)
        with stance:
            yield session
    finally:
        model.set_attn_implementation(before)
        for module in modules:
            module.__dict__.pop(_ATTRIBUTE, None)
            module.__dict__.pop(_ATTENTION, None)


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
    if torch.compiler.is_compiling():  # nothing that differs from layer to layer or call to call may be read
        attention = getattr(module, _ATTENTION)
        if attention is None:
            return sdpa_attention_forward(
                module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
            )
        _check_plain(kwargs, dropout, f"under {attention.title}")
        out, _ = _attend(attention, query, key, value, attention_mask, scaling)
        return out.transpose(1, 2), None
    session: Session = getattr(module, _ATTRIBUTE)
    layer: int = module.layer_idx  # type: ignore[assignment]
    attention = session.attention_of(layer)
    is_last = layer == session.model.config.get_text_config().num_hidden_layers - 1
    if session._filling and is_last:
        if attention is not None and session.observe is not None:
            session.observe(layer, attention.kept(query, key, value, scaling))
        raise _CacheFilled

    if (layout := current_layout()) is not None:
        _check_plain(kwargs, 0.0, "where questions share a context")
        return attend_side_by_side(query, key, value, layout, scaling), None
    prefills = query.shape[2] == key.shape[2]
    asks = not prefills and attention is not None and not attention.whole and (session.asks_under or _continuing.get())
    if attention is not None and (prefills or asks) and kwargs.get("is_causal") is not False:
        _check_plain(kwargs, dropout, f"under {attention.title}")
        out, kept = _attend(attention, query, key, value, attention_mask if prefills else None, scaling)
        if session.observe is not None and kept is not None:
            session.observe(layer, kept)
        return out.transpose(1, 2), None
    if is_last and session._last_row and session.plain:
        last = extend(query[:, :, -1:], key, value, scaling)
        return torch.nn.functional.pad(last, (0, 0, 0, 0, query.shape[2] - 1, 0)), None
    if _continuing.get():
        return extend(query, key, value, scaling), None
    return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs)


def _attend(
    attention: LayerAttention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    padding: torch.Tensor | None,
    scaling: float | None,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Output and what was kept, which is nobody's where sequences are padded."""
    if torch.is_autocast_enabled(query.device.type):  # RoPE leaves float32 queries beside low-precision values
        dtype = torch.get_autocast_dtype(query.device.type)
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    if padding is not None:
        return unpadded(attention, query, key, value, padding, scaling), None
    return attention.attend(query, key, value, scaling)


def _check_plain(options: dict[str, Any], dropout: float, where: str) -> None:
    for option in ("softcap", "s_aux", "position_bias", "sliding_window"):
        if options.get(option) is not None:
            raise InputError(f"model must have plain softmax attention {where}, got {option}")
    if dropout:
        raise InputError(f"attention_dropout must be 0 {where}, got {dropout}; set it in the model config")


def _mask(*args: Any, **kwargs: Any) -> torch.Tensor | None:
    """The mask that transformers' `sdpa` has; none where a cache is extended or questions lie side by side."""
    return None if _continuing.get() or current_layout() else sdpa_mask(*args, **kwargs)
