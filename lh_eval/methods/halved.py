"""Half of Lighthouse attention undone: its keys for every query, or its queries over every key."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch

from lh_eval.errors import InputError
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.gather import invert, take
from lh_eval.kernels.reference.pool import mean_pyramid
from lh_eval.kernels.reference.scatter import scatter
from lh_eval.methods.base import METHODS, AttentionMethod
from lh_eval.methods.lighthouse import Lighthouse, Selected

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Half = Literal["queries", "keys"]


@METHODS.register("halved")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Halved(Lighthouse):
    """Lighthouse with its queries or its keys left as they were: an ablation, which saves nothing.

    With the queries kept, each token attends by its own query to itself and the gathered entries before it, and
    nothing is scattered; at a token that was gathered that is Lighthouse's own output there, if `local` is 1. With the
    keys kept, the gathered queries, pooled ones among them, attend to every token up to the last that they stand for,
    and are scattered. Its masks take memory that grows with the square of the length.

    Attributes: those of `Lighthouse`, and

        keeps: the half that stays as it was.
        local: with the queries kept, how many of the last tokens each sees whether gathered or not, itself the last.
    """

    keeps: Half = "queries"
    local: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keeps not in ("queries", "keys"):
            raise InputError(f"keeps of method 'halved' must be queries or keys, got {self.keeps!r}")
        if self.local < 1:
            raise InputError(f"local of method 'halved' must be at least 1, got {self.local}")

    def to_dict(self) -> dict[str, Any]:
        """All options as JSON values, and the method's name; files of before `local` stay what they are."""
        values = {"method": "halved", **super().to_dict()}
        return {name: value for name, value in values.items() if (name, value) != ("local", 1)}

    def folder_name(self, base: Mapping[str, Any] | None = None) -> str:
        """`<half>-kept-` before Lighthouse's."""
        return f"{self.keeps}-kept-{super().folder_name(base)}"

    def family(self, base: Mapping[str, Any] | None = None) -> str:
        """The half, and Lighthouse's."""
        return f"{self.keeps} kept {super().family(base)}"

    def _others(self, base: Mapping[str, Any] | None) -> list[tuple[str, str]]:
        return [(name, value) for name, value in super()._others(base) if name != "keeps"]

    @property
    def prefix_hole(self) -> int:
        """None, where each token sees itself."""
        return 0 if self.keeps == "queries" else super().prefix_hole

    def intervened(self, **forced: Any) -> Lighthouse:
        """Not to be had; see `Method.intervened`."""
        return AttentionMethod.intervened(self, **forced)  # type: ignore[return-value]

    def attention_in(self, model: "PreTrainedModel", layers: frozenset[int]) -> "HalfSelected":  # type: ignore[override]
        """The half with the model's rotary embedding, where it needs one."""
        return HalfSelected(super().attention_in(model, layers), self.keeps, self.local)


@dataclasses.dataclass(frozen=True)
class HalfSelected:
    """Half of the operator in the place of a layer's attention; see `LayerAttention`.

    Attributes:
        selected: the whole operator.
        keeps: the half that is not its.
        local: tokens that a query which was kept sees in any case.
    """

    selected: Selected
    keeps: Half
    local: int = 1
    title = "halved Lighthouse"
    whole = True

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Output and what was kept."""
        config, indices = self.selected.config, self.selected.kept(q, k, v, scale)
        layout = config.layout(q.shape[2])
        rotation = None
        if self.selected.rotary is not None:
            rotation = self.selected.rotary().rotation(q.shape[3], config.window, q)
        groups = q.shape[1] // k.shape[1]
        attention = torch.nn.functional.scaled_dot_product_attention
        inverse = invert(indices, layout.entries)
        lasts = _lasts(layout, q.device)
        if self.keeps == "keys":
            keys, values = (x.repeat_interleave(groups, dim=1) for x in (k, v))
            seen = torch.arange(layout.tokens, device=q.device) <= lasts[indices][..., None]
            queries = take(mean_pyramid(q, layout, rotation), indices, inverse)
            rows = attention(queries, keys, values, attn_mask=seen, scale=scale)
            return scatter(rows, indices, inverse, layout, config.combine), self.kept(q, k, v, scale)
        keys = mean_pyramid(k, layout, rotation).repeat_interleave(groups, dim=1)
        values = mean_pyramid(v, layout).repeat_interleave(groups, dim=1)
        token = torch.arange(layout.tokens, device=q.device)[:, None]
        entry = torch.arange(layout.entries, device=q.device)  # those from N on are later than any token
        near = (entry <= token) & (entry > token - self.local)
        seen = near | ((lasts < token) & (inverse >= 0)[:, :, None])
        return attention(q, keys, values, attn_mask=seen, scale=scale), indices

    def kept(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> torch.Tensor:
        """Gathered entries, those that are seen as the last ones left out; or every token where the keys are kept."""
        if self.keeps == "queries":
            return self.selected.kept(q, k, v, scale)
        return torch.arange(k.shape[2], device=q.device).expand(*q.shape[:2], -1)


def _lasts(layout: Layout, device: torch.device) -> torch.Tensor:
    """[P] the last token that each entry stands for."""
    widths = (layout.factor**level for level in range(layout.levels))
    levels = zip(layout.sizes, widths, strict=True)
    return torch.cat([(torch.arange(size, device=device) + 1) * width - 1 for size, width in levels])
