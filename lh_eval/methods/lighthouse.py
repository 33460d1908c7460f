"""Lighthouse attention over what is read (Peng, Ghosh, Quesnelle 2026, arXiv:2605.06554).

with use_lighthouse(model, LighthouseConfig(k=2048), dense_layers=(0, 1, -2, -1)):
model(input_ids)
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.operator import Impl, attend, select_entries
from lh_eval.attention.rotary import Rotary
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS, AttentionMethod
from lh_eval.methods.pyramid import Pyramid
from lh_eval.modeling.layers import layers_of, layers_under
from lh_eval.modeling.rotary import rotary_of
from lh_eval.modeling.session import Session, attending
from lh_eval.spec import format_value, slug

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from lh_eval.checkpoints.settings import CheckpointSettings

_NAMED = ("scorer", "k")  # what a folder and a family are named after


@METHODS.register("lighthouse")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Lighthouse(LighthouseConfig, AttentionMethod):
    """Lighthouse attention: entries of a pooled pyramid, kept by a scorer, attend among one another.

    Attributes: those of `LighthouseConfig`, and

        dense_layers: layers that stay dense; negative ones count from the last.
    """

    dense_layers: tuple[int, ...] = (0, 1, -2, -1)

    budget_option = "k"

    def __post_init__(self) -> None:
        super().__post_init__()
        layers = self.dense_layers
        if not isinstance(layers, list | tuple) or not all(type(layer) is int for layer in layers):
            raise InputError(f"dense_layers must be a list of integers such as (0, -1), got {layers!r}")
        object.__setattr__(self, "dense_layers", tuple(layers))

    @classmethod
    def from_options(cls, options: Mapping[str, Any], defaults: "CheckpointSettings") -> "Lighthouse":
        """What is not given is what the checkpoint was trained with."""
        return cls(**defaults.config.to_dict() | {"dense_layers": defaults.dense_layers} | dict(options))

    @classmethod
    def usual_options(cls, defaults: "CheckpointSettings") -> dict[str, Any]:
        """What the checkpoint was trained with."""
        return cls.from_options({}, defaults).options

    def to_dict(self) -> dict[str, Any]:
        """All options as JSON values."""
        return super().to_dict() | {"dense_layers": list(self.dense_layers)}

    def folder_name(self, base: Mapping[str, Any] | None = None) -> str:
        """`<scorer>-k<k>`, and what needs mention besides."""
        rest = "".join(f"-{slug(f'{name}={value}')}" for name, value in self._others(base))
        return f"{slug(self.scorer)}-k{self.k}{rest}"

    def family(self, base: Mapping[str, Any] | None = None) -> str:
        """The scorer, and what else but k needs mention."""
        return " ".join([self.scorer, *(f"{name}={value}" for name, value in self._others(base))])

    def _others(self, base: Mapping[str, Any] | None) -> list[tuple[str, str]]:
        base = type(self)().options if base is None else base
        named = {name: value for name, value in self.options.items() if name not in _NAMED and value != base[name]}
        return [(name, format_value(value)) for name, value in named.items()]

    @property
    def prefix_hole(self) -> int:
        """Tokens before the first position that a coarsest entry's output reaches."""
        return 0 if self.cover_prefix else self.window - 1

    def pyramid(self, tokens: int) -> Pyramid:
        """The levels of flat pyramid indices."""
        return Pyramid(self.pooling_factor, self.layout(tokens).offsets)

    def intervened(self, **forced: Any) -> "Lighthouse":
        """The same, forced; see `lh_eval.methods.forced`."""
        from lh_eval.methods.forced import Forced

        return Forced(**self.options | forced)

    def notes(self, model: "PreTrainedModel") -> str | None:
        """Which layers are left as they are though they were not named."""
        asked = layers_under(model.config.get_text_config().num_hidden_layers, self.dense_layers)
        others = ", ".join(map(str, sorted(asked - layers_of(model, self.dense_layers))))
        return f"layers {others} are not of full attention (a window, a state) and stay as they are" if others else None

    def measure(self, model: "PreTrainedModel", ids: torch.Tensor, name: str) -> dict[str, Any]:
        """How far norms differ from token to token, where they select."""
        from lh_eval.methods.spread import norm_spread

        return {"norm_spread": norm_spread(model, ids, self, self.dense_layers, name)}

    def attention(self) -> "Selected":
        """The operator under this configuration."""
        return Selected(self)

    def attention_in(self, model: "PreTrainedModel", layers: frozenset[int]) -> "Selected":
        """The operator with the model's rotary embedding, where it needs one."""
        return _selected(self, model, layers)


@dataclasses.dataclass(frozen=True)
class Selected:
    """The operator in the place of a layer's attention; see `LayerAttention`.

    Attributes:
        config: what to compute.
        impl: operator implementation.
        rotary: the model's rotary embedding at the moment, for rope="after".
    """

    config: LighthouseConfig
    impl: Impl = "auto"
    rotary: Callable[[], Rotary] | None = None
    title = "Lighthouse"
    whole = True  # symmetric pooling has no decode form

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Output and selected entries; those from N on are pooled ones."""
        rotary = None if self.rotary is None else self.rotary()
        return attend(q, k, v, self.config, scale=scale, impl=self.impl, rotary=rotary)

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:
        """Selected entries."""
        rotary = None if self.rotary is None else self.rotary()
        return select_entries(q, k, v, self.config, scale=scale, impl=self.impl, rotary=rotary)


def _selected(
    config: LighthouseConfig, model: "PreTrainedModel", layers: frozenset[int], impl: Impl = "auto"
) -> Selected:
    """The operator in some layers of a model.

    Raises:
        InputError: it needs the layers' rotary embedding, and they have none, or several.
    """
    return Selected(config, impl, rotary_of(model, layers) if config.rope == "after" else None)


@contextlib.contextmanager
def use_lighthouse(
    model: "PreTrainedModel",
    config: LighthouseConfig | None,
    *,
    dense_layers: Sequence[int] = (0, 1, -2, -1),
    impl: Impl = "auto",
) -> Iterator[Session]:
    """Run a model's prefill and training calls under Lighthouse attention until the block ends.

    A call with as many queries as keys is a prefill or a training step; every other call attends densely. Layers may be
    compiled (`torch.compile`): their calls in the block are taken to be on whole sequences.

    Args:
        model: a causal LM whose attention follows transformers' `AttentionInterface`.
        config: what to compute; None attends densely everywhere.
        dense_layers: layers that stay dense; negative indices count from the end.
        impl: operator implementation.

    Yields:
        The `Session`, for observing what is selected.

    Raises:
        InputError: a layer index is out of range, no layer is left for Lighthouse, the model is in use already, or it
            has no rotary embedding that rope="after" could use.
    """
    if config is None:
        with attending(model, None, frozenset(), compiled=True) as session:
            yield session
        return
    layers = layers_of(model, dense_layers)
    with attending(model, _selected(config, model, layers, impl), layers, compiled=True) as session:
        yield session
