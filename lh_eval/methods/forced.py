"""Lighthouse attention with entries forced in or out: interventions on what is selected."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS, Reading
from lh_eval.methods.lighthouse import Lighthouse, Selected
from lh_eval.modeling.layers import layers_of
from lh_eval.modeling.session import Observe, Session
from lh_eval.modeling.spans import Span, Spans
from lh_eval.scorers.forced import Forced as ForcedScorer
from lh_eval.scorers.forced import token_mask

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Membership = Literal["natural", "in", "out"]


@METHODS.register("forced")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Forced(Lighthouse):
    """Lighthouse with the entries of needle, question or a sham span forced in or out (lh-eval intervene).

    What is forced in is gathered at level 0, as far as the budget goes. What is forced out is not: its spans are made
    longer to whole windows of level 1 first, since a window is kept for the best of its tokens; coarser entries may
    hold it still. Where a window has tokens of both, it is in.

    Attributes: those of `Lighthouse`, and

        needle: what becomes of all needles of a sample; "natural" leaves them to the scorer.
        question: the same of the question's tokens.
        sham: the same of spans elsewhere in the context, as long as needles and question.
        layers: layers in which it is done, negative ones from the last; all under Lighthouse if none is named.
    """

    needle: Membership = "natural"
    question: Membership = "natural"
    sham: Membership = "natural"
    layers: tuple[int, ...] = ()

    readings = ("prompt",)  # the question is not there when a context alone is read

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "layers", tuple(self.layers))

    def to_dict(self) -> dict[str, Any]:
        """All options as JSON values, and the method's name."""
        return {"method": "forced", **super().to_dict(), "layers": list(self.layers)}

    def check(self, model: "PreTrainedModel") -> str | None:
        """See `Method.check`; a layer that is named must be under Lighthouse."""
        if (obstacle := super().check(model)) is not None:
            return obstacle
        under = layers_of(model, self.dense_layers)
        if wrong := [layer for layer in self.layers if self._layer(model, layer) not in under]:
            return f"layers must be among those under Lighthouse, {', '.join(map(str, sorted(under)))}, got {wrong[0]}"
        return None

    @contextmanager
    def attach(
        self, model: "PreTrainedModel", observe: Observe | None = None, *, reading: Reading = "prompt"
    ) -> Iterator[Session]:
        """See `Method.attach`."""
        with super().attach(model, observe, reading=reading) as session:
            layers = {self._layer(model, layer) for layer in self.layers} or session.layers
            assert isinstance(session.attention, Selected)
            session.others = dict.fromkeys(layers, _ForcedSelected(self, session, session.attention))
            yield session

    def scored(self, spans: list[Spans], tokens: int, device: torch.device) -> LighthouseConfig:
        """The configuration whose scorer forces the rows' spans of `tokens` tokens.

        Raises:
            InputError: a row has no sham, and it is to be forced.
        """
        if self.sham != "natural" and not all(of_row.sham for of_row in spans):
            raise InputError("context must have room for a sham beside needle and question, got none; take it longer")
        put_in = token_mask([self._of(row, "in") for row in spans], tokens, device=device)
        put_out = [self._of(row, "out") for row in spans]
        mask = token_mask(put_out, tokens, window=self.pooling_factor, device=device)
        return self.scored_by(ForcedScorer(self.token_scorer, put_in, mask))

    def _of(self, spans: Spans, membership: Membership) -> list[Span]:
        """What of a row's spans is forced in, or out."""
        return [
            span
            for name in ("needle", "question", "sham")
            if getattr(self, name) == membership
            for span in getattr(spans, name)
        ]

    def _layer(self, model: "PreTrainedModel", layer: int) -> int:
        return layer % model.config.get_text_config().num_hidden_layers if layer < 0 else layer


@dataclasses.dataclass(frozen=True)
class _ForcedSelected:
    """The operator with the spans forced that the session was told; see `LayerAttention`."""

    method: Forced
    session: Session
    natural: Selected
    title = "Lighthouse"
    whole = True

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Output and selected entries."""
        return self._forced(q).attend(q, k, v, scale)

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:
        """Selected entries."""
        return self._forced(q).kept(q, k, v, scale)

    def _forced(self, q: torch.Tensor) -> Selected:
        spans = list(self.session.spans)
        if len(spans) != len(q):
            raise InputError(f"spans must be known of each row where they are forced, got {len(spans)} of {len(q)}")
        return dataclasses.replace(self.natural, config=self.method.scored(spans, q.shape[2], q.device))
