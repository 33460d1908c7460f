"""Compressed caches: the presses of NVIDIA KVPress."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS, Method, Reading
from lh_eval.modeling.compressed_cache import answering, stack, stack_kept
from lh_eval.modeling.layers import layers_of
from lh_eval.modeling.presses import load_kvpress, make_press
from lh_eval.modeling.pressing import read_compressed, self_attentions
from lh_eval.modeling.session import Observe, Prefill, Session, attending
from lh_eval.modeling.spans import Spans
from lh_eval.spec import slug

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_TRIAL = 512  # tokens on which a press is tried; some refuse less than their window


@METHODS.register("press")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Press(Method):
    """Compressed cache by a press of NVIDIA KVPress: `press:snapkv`, `press:adakv:snapkv` for one around another.

    The context is read densely and its cache compressed; question and answer attend densely to what is left. Contexts
    alone are read so: a press compresses after the attention of what is read, so that the first token of an answer
    would be a dense model's, were the question read with the context.

    Source: Jégou et al. 2025, github.com/NVIDIA/kvpress; each press names its own.

    Attributes:
        name: the press, its class in small letters: `snapkv` for `SnapKVPress`.
        ratio: share of the cache that is dropped.
    """

    name: str
    ratio: float = 0.5

    readings = ("context",)
    budget_option = "ratio"
    libraries = ("kvpress",)

    def __post_init__(self) -> None:
        if not 0 <= self.ratio < 1:
            raise InputError(f"ratio of method 'press' must be at least 0 and less than 1, got {self.ratio}")

    def folder_name(self, base: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """`press_<name>_ratio_<ratio>`."""
        return slug(f"press:{self.name},ratio={self.ratio}")

    def family(self, base: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """The press."""
        return f"press:{self.name}"

    def check(self, model: "PreTrainedModel") -> str | None:
        """Why not, as a short context shows that is read under the press; see `Method.check`."""
        config = model.config.get_text_config()
        length = min(_TRIAL, getattr(config, "max_position_embeddings", None) or _TRIAL)
        try:
            make_press(self.name, self.ratio)
            layers_of(model, (), "a press")
            self_attentions(model)
            with self.attach(model) as reader:
                reader.prefill(torch.arange(length)[None] % config.vocab_size)
        except InputError as error:
            return str(error)
        return None

    def notes(self, model: "PreTrainedModel") -> str | None:
        """Whether kvpress's makers have tried the model."""
        if isinstance(model, load_kvpress().SUPPORTED_MODELS):
            return None
        return f"kvpress is not tested with {type(model).__name__}"

    @contextmanager
    def attach(
        self,
        model: "PreTrainedModel",
        observe: Observe | None = None,
        *,
        reading: Reading = "context",  # noqa: ARG002
    ) -> Iterator["PressReader"]:
        """See `Method.attach`."""
        press = make_press(self.name, self.ratio)
        with attending(model, None, frozenset()) as session, answering(model):
            yield PressReader(session, press, observe)


class PressReader:
    """Reads contexts under a press, each by itself: not every press can read several. See `Reader`.

    What is observed has a row for each query head, that of its key head, so that heads are the same under any method.
    """

    asks_under = False
    shares_prefixes = False
    selects = True

    def __init__(self, session: Session, press: Any, observe: Observe | None) -> None:
        self.model = session.model
        self.observe = observe
        self.spans: Sequence[Spans] = ()
        self.packs = session.packs
        self._press = press

    def prefill(self, ids: torch.Tensor, before: Prefill | None = None, *, logits: bool = False) -> Prefill:
        """Read whole contexts [B, N]; see `Reader.prefill`."""
        if before is not None:
            raise InputError("cache must be None under a press, got one; prefill the whole context")
        if logits:
            raise InputError("logits must be those after a question under a press, got a call for the context's")
        parts = [read_compressed(self.model, self._press, row) for row in ids.to(self.model.device).split(1)]
        if self.observe is not None:
            heads = self.model.config.get_text_config().num_attention_heads
            for layer in parts[0].kept:
                kept = stack_kept(parts, layer)
                self.observe(layer, kept.repeat_interleave(heads // kept.shape[1], dim=1))
        return Prefill(stack(parts), parts[0].begin)
