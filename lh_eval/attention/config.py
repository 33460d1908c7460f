"""`LighthouseConfig`: everything that decides what Lighthouse attention computes."""

import copy
import dataclasses
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from lh_eval.errors import InputError
from lh_eval.kernels.layout import Layout
from lh_eval.spec import Spec

if TYPE_CHECKING:
    from lh_eval.scorers.base import Scorer

Selection = Literal["chunked", "global"]
Rope = Literal["before", "after"]
Combine = Literal["sum", "finest", "mean"]

_MOST_ENTRIES = 2**24  # of a level and head, or that one of the coarsest stands for
_LATER = ("rope", "combine")  # fields that older files do not have


@dataclasses.dataclass(frozen=True, kw_only=True)
class LighthouseConfig:
    """Parameters of Lighthouse attention (Peng, Ghosh, Quesnelle 2026, arXiv:2605.06554).

    Attributes:
        k: entries kept per level and head; even, and a multiple of `tile_k` where selection is chunked.
        num_levels: levels of the pyramid, the base sequence included (the paper's L).
        pooling_factor: tokens that one level pools into an entry of the next (the paper's p); a power of two.
        scorer: a registered scorer with options such as `qk:dilation=8`; kept as its canonical `Spec`.
        selection: "chunked" is the released kernel's stratified cascade; "global" is one tile for the whole
            sequence (the paper's Eq. 6 as a cascade).
        tile_k: entries kept per tile and level in chunked selection; at most k are.
        cover_prefix: keep also the tokens before position p^(L-1) - 1, which the coarsest level does not cover.
        rope: "before" pools queries and keys as they come, each rotated at its own position, as released; "after"
            rotates what was pooled at the last position that it covers (the authors' unmerged correction).
        combine: how a position puts together what entries of several levels bring to it: their "sum", as released;
            the "finest" alone; or their "mean".

    Raises:
        InputError: a value is out of range, or the scorer is unknown.
    """

    k: int = 2048
    num_levels: int = 3
    pooling_factor: int = 4
    scorer: Spec = Spec("norm")  # noqa: RUF009 - a string, which does not change
    selection: Selection = "chunked"
    tile_k: int = 128
    cover_prefix: bool = False
    rope: Rope = "before"
    combine: Combine = "sum"

    def __post_init__(self) -> None:
        for name in ("k", "num_levels", "pooling_factor", "tile_k"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{name} must be a positive integer, got {value!r}")
        if not isinstance(self.scorer, str):
            raise InputError(f"scorer must be a name with options such as 'qk:dilation=8', got {self.scorer!r}")
        if not isinstance(self.cover_prefix, bool):
            raise InputError(f"cover_prefix must be true or false, got {self.cover_prefix!r}")
        if not 2 <= self.num_levels <= 8:
            raise InputError(f"num_levels must be from 2 to 8, got {self.num_levels}; dense attention is config=None")
        if self.pooling_factor < 2 or self.pooling_factor & (self.pooling_factor - 1):
            raise InputError(f"pooling_factor must be a power of two from 2 on, got {self.pooling_factor}")
        for name, known in (("selection", Selection), ("rope", Rope), ("combine", Combine)):
            if getattr(self, name) not in get_args(known):
                raise InputError(f"{name} must be one of {', '.join(get_args(known))}, got {getattr(self, name)!r}")
        if self.k > _MOST_ENTRIES:
            raise InputError(f"k must be at most {_MOST_ENTRIES}, got {self.k}; a smaller one gathers everything too")
        if self.window > _MOST_ENTRIES:
            raise InputError(
                f"pooling_factor ** (num_levels - 1) must be at most {_MOST_ENTRIES}, got {self.window}; "
                "prompts are padded to a multiple of it"
            )
        if self.k % 2:
            raise InputError(f"k must be even, got {self.k}; half is kept by query score, half by key score")
        if self.tile_k % 2:
            raise InputError(f"tile_k must be even, got {self.tile_k}")
        if self.k % self.entries_per_tile:
            raise InputError(
                f"k must be a multiple of tile_k = {self.tile_k}, got {self.k}; "
                f"use {max(1, round(self.k / self.tile_k)) * self.tile_k}"
            )
        forced = self.pooling_factor ** (self.num_levels - 2)
        if self.cover_prefix and forced > self.entries_per_tile:
            raise InputError(
                f"tile_k must be at least {forced} with cover_prefix at {self.num_levels} levels of "
                f"{self.pooling_factor}, got {self.entries_per_tile}"
            )
        from lh_eval.scorers.base import SCORERS  # the registry imports torch: only when a config is made

        object.__setattr__(self, "scorer", SCORERS.spec(self.scorer))
        object.__setattr__(self, "_token_scorer", SCORERS.build(self.scorer))

    @property
    def window(self) -> int:
        """Tokens that one coarsest entry stands for, p^(L-1)."""
        tokens = 1
        for _ in range(self.num_levels - 1):  # a power is opaque to the compiler
            tokens *= self.pooling_factor
        return tokens

    @property
    def entries_per_tile(self) -> int:
        """Entries kept per tile and level."""
        return self.k if self.selection == "global" else min(self.tile_k, self.k)

    @property
    def forced(self) -> int:
        """Tokens at the start that are kept before all others."""
        return self.window - 1 if self.cover_prefix else 0

    @property
    def token_scorer(self) -> "Scorer":
        """The scorer that `scorer` names, made once."""
        return self._token_scorer  # type: ignore[attr-defined]

    def scored_by(self, scorer: "Scorer") -> Self:
        """The same with another scorer, one that has no name."""
        changed = copy.copy(self)
        object.__setattr__(changed, "_token_scorer", scorer)
        return changed

    @property
    def num_tiles(self) -> int:
        """Tiles that the coarsest level is cut into."""
        return max(1, self.k // self.entries_per_tile)

    def layout(self, tokens: int) -> Layout:
        """Sizes of the pyramid and of the gathered sequence over `tokens` tokens."""
        return Layout(tokens, self.num_levels, self.pooling_factor, self.num_tiles, self.entries_per_tile)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values; later ones only where they are not at their defaults, as in older files."""
        defaults = {field.name: field.default for field in dataclasses.fields(self) if field.name in _LATER}
        values = dataclasses.asdict(self)
        return {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "LighthouseConfig":
        """Make a config from `to_dict`'s output.

        Raises:
            InputError: a field is unknown or its value is bad.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise InputError(f"Lighthouse settings must be among {', '.join(sorted(known))}, got {name!r}")
        return cls(**values)
