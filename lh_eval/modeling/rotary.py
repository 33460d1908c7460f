"""How a model rotates its queries and keys: which of its inverse frequencies, and which components are a pair.

Architectures differ in the names of both, so what is found is measured: the model reads a few tokens whose hidden
states are made alike, and a candidate is right where it explains every query and key as the first one rotated.
"""

import contextlib
import dataclasses
import re
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import torch
from transformers import PreTrainedModel

from lh_eval.attention.rotary import Rotary
from lh_eval.errors import InputError
from lh_eval.kernels.rotation import unrotated
from lh_eval.modeling.layers import attention_modules
from lh_eval.modeling.session import attending

_TOKENS = 64
_NAME = re.compile(r"(?!.*(?:original|long|short)_inv_freq)(\w+_)?inv_freq")
_MOST = {torch.float64: 1e-4, torch.float32: 1e-4}  # relative error; models round angles to float32
_MOST_IN_HALF = 0.03

_found: "weakref.WeakKeyDictionary[PreTrainedModel, dict[frozenset[int], ModelRotary]]" = weakref.WeakKeyDictionary()


@dataclasses.dataclass(eq=False)
class ModelRotary:
    """A model's rotary embedding, as it is at the moment: some change with the length that is read.

    Attributes:
        module: what holds the inverse frequencies.
        name: their attribute.
        interleaved: whether pairs are neighbours.
    """

    module: torch.nn.Module
    name: str
    interleaved: bool
    _last: tuple[torch.Tensor, int, Rotary] | None = None

    def __call__(self) -> Rotary:
        """The embedding that the last forward pass of the model has had."""
        inv_freq: torch.Tensor = getattr(self.module, self.name)
        if torch.compiler.is_compiling():
            return Rotary(inv_freq, self.interleaved)
        version = 0 if inv_freq.is_inference() else inv_freq._version
        if self._last is None or self._last[0] is not inv_freq or self._last[1] != version or inv_freq.is_inference():
            self._last = inv_freq, version, Rotary(inv_freq, self.interleaved)
        return self._last[2]


def rotary_of(model: PreTrainedModel, layers: frozenset[int]) -> ModelRotary:
    """Find the rotary embedding of a model's layers; measured once for each model.

    Args:
        model: a causal LM whose attention can be taken over in `layers`.
        layers: indices.

    Raises:
        InputError: queries and keys of the layers are not all rotated by one of the model's embeddings.
    """
    known = _found.setdefault(model, {})
    if layers not in known:
        known[layers] = _measure(model, layers)
    return known[layers]


def _measure(model: PreTrainedModel, layers: frozenset[int]) -> ModelRotary:
    rotated = _rotated_alike(model, layers)
    for module in model.modules():
        names = {*dict(module.named_buffers(recurse=False)), *vars(module)}
        for name in sorted(filter(_NAME.fullmatch, names)):
            inv_freq = getattr(module, name)
            if not isinstance(inv_freq, torch.Tensor) or inv_freq.ndim != 1 or not inv_freq.numel():
                continue
            for interleaved in (False, True):
                if all(_explains(inv_freq, x, interleaved=interleaved) for x in rotated):
                    return ModelRotary(module, name, interleaved)
    raise InputError(
        f"model must rotate the queries and keys of all its layers under Lighthouse by one rotary embedding for "
        f"rope='after', got {type(model).__name__}, which has none that explains them; use rope='before'"
    )


def _explains(inv_freq: torch.Tensor, x: torch.Tensor, *, interleaved: bool) -> bool:
    """Whether x [B, H, n, D] is one token, rotated to n positions."""
    if 2 * inv_freq.shape[0] > x.shape[3]:
        return False
    still = unrotated(x, inv_freq.to(x.device), interleaved=interleaved).double()
    error = (still - still[:, :, :1]).norm() / still.norm().clamp(min=1e-30)
    return bool(error < _MOST.get(x.dtype, _MOST_IN_HALF))


@torch.no_grad()
def _rotated_alike(model: PreTrainedModel, layers: frozenset[int]) -> list[torch.Tensor]:
    """Queries and keys [1, H or G, n, D] of the layers, from hidden states that are the same at every position."""
    recorder = _Recorder()
    ids = torch.zeros(1, _TOKENS, dtype=torch.long, device=model.device)
    devices = [model.device] if model.device.type == "cuda" else []
    with (
        contextlib.ExitStack() as stack,
        torch.random.fork_rng(devices),
        torch.compiler.set_stance("force_eager"),
        attending(model, recorder, layers),
    ):
        for module in attention_modules(model):
            stack.enter_context(_hooked(module, _alike))
        model.base_model(input_ids=ids, use_cache=False)
    return recorder.seen


@contextlib.contextmanager
def _hooked(module: torch.nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    handle = module.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _alike(module: torch.nn.Module, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:  # noqa: ARG001
    """The first position's hidden state at every position."""
    if args:
        return (_first_everywhere(args[0]), *args[1:]), options
    return args, options | {"hidden_states": _first_everywhere(options["hidden_states"])}


def _first_everywhere(x: torch.Tensor) -> torch.Tensor:
    return x[:, :1].expand_as(x)


class _Recorder:
    """A layer attention that keeps what it is called with, and attends to nothing."""

    title = "Lighthouse"
    whole = True

    def __init__(self) -> None:
        self.seen: list[torch.Tensor] = []

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Zeros, and that no position was kept."""
        self.seen += [q, k]
        return torch.zeros_like(q), self.kept(q, k, v, scale)

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:  # noqa: ARG002
        """No position."""
        return torch.empty(*q.shape[:2], 0, dtype=torch.long, device=q.device)
