"""What a benchmark measures: its providers, shapes and lengths, and the measurements in their order."""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.analysis.measured import DENSE, FLOOR
from lh_eval.attention.config import Combine, LighthouseConfig, Rope, Selection
from lh_eval.bench.timing import Repetition
from lh_eval.errors import InputError, unknown_name

if TYPE_CHECKING:
    import torch

    from lh_eval.attention.rotary import Rotary

LIGHTHOUSE, REFERENCE, SDPA, SDPA_ON_S = "lighthouse", "lighthouse-reference", DENSE, FLOOR
PROVIDERS = (LIGHTHOUSE, REFERENCE, SDPA, SDPA_ON_S)
MODES = ("fwd", "fwd+bwd")


class Case(NamedTuple):
    """One measurement.

    provider: one of `PROVIDERS`.
    mode: one of `MODES`.
    tokens: N.
    k: Lighthouse's budget; None for dense attention, which has none.
    """

    provider: str
    mode: str
    tokens: int
    k: int | None

    def __str__(self) -> str:
        budget = "" if self.k is None else f", k={self.k}"
        return f"{self.provider} {self.mode} at N={self.tokens}{budget}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workload:
    """Everything that decides what is measured.

    Attributes:
        device: where.
        dtype: of q, k and v.
        lengths: N of each measurement, in tokens.
        budgets: k of each measurement of Lighthouse.
        modes: among `MODES`.
        providers: among `PROVIDERS`.
        batch: B.
        heads: H, query heads.
        kv_heads: G, key and value heads.
        head_dim: D.
        levels: L of the pyramid.
        pooling: p, tokens pooled per level.
        scorer: scorer spec.
        selection: "chunked" or "global".
        tile_k: entries kept per tile and level in chunked selection.
        rope, combine: as in `LighthouseConfig`.
        repetition: how often each measurement is repeated.
        commit: of the source, for the rows; asked of git if None.

    Raises:
        InputError: a value is out of range, or a provider does not run on the device.
    """

    device: "torch.device"
    dtype: "torch.dtype"
    lengths: tuple[int, ...]
    budgets: tuple[int, ...]
    modes: tuple[str, ...]
    providers: tuple[str, ...]
    batch: int
    heads: int
    kv_heads: int
    head_dim: int
    levels: int
    pooling: int
    scorer: str
    selection: Selection = "chunked"
    tile_k: int = 128
    rope: Rope = "before"
    combine: Combine = "sum"
    repetition: Repetition
    commit: str | None = None

    def __post_init__(self) -> None:
        for kind, names, known in (("mode", self.modes, MODES), ("provider", self.providers, PROVIDERS)):
            for name in names:
                if name not in known:
                    raise unknown_name(kind, name, known)
        possible = providers_on(self.device.type)
        for name in self.providers:
            if name not in possible:
                raise InputError(
                    f"provider must be one of {', '.join(possible)} on {self.device.type}, got {name!r}; "
                    "its kernels need a CUDA GPU"
                )
        if self.heads % self.kv_heads:
            raise InputError(f"kv-heads must divide heads = {self.heads}, got {self.kv_heads}")
        for k in self.budgets:
            self.config(k)

    def config(self, k: int) -> LighthouseConfig:
        """Lighthouse's config at that budget."""
        from lh_eval.scorers.base import SCORERS  # imports torch

        return LighthouseConfig(
            k=k,
            num_levels=self.levels,
            pooling_factor=self.pooling,
            scorer=SCORERS.spec(self.scorer),
            selection=self.selection,
            tile_k=self.tile_k,
            rope=self.rope,
            combine=self.combine,
        )

    def rotary(self) -> "Rotary | None":
        """The rotary embedding that q and k are taken to have where one is needed: all components, base 10,000."""
        if self.rope == "before":
            return None
        import torch

        from lh_eval.attention.rotary import Rotary

        return Rotary(1e4 ** -(torch.arange(0, self.head_dim, 2, device=self.device) / self.head_dim))

    def gathered(self, case: Case) -> int:
        """S, the length of the sequence that the case's Lighthouse attends to."""
        assert case.k is not None
        return self.config(case.k).layout(case.tokens).gathered

    def cases(self) -> Iterator[Case]:
        """The measurements; what is compared with one another comes close together in time."""
        for tokens in self.lengths:
            for mode in self.modes:
                if SDPA in self.providers:
                    yield Case(SDPA, mode, tokens, None)
                for k in self.budgets:
                    for provider in PROVIDERS:
                        if provider in self.providers and provider != SDPA:
                            yield Case(provider, mode, tokens, k)


def providers_on(kind: str) -> tuple[str, ...]:
    """The providers that run on devices of that type."""
    return PROVIDERS if kind == "cuda" else tuple(name for name in PROVIDERS if name != LIGHTHOUSE)
