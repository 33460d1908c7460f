"""Sizes of the pyramid and of the gathered sequence: integers that follow from N and the config, never from data.

Flat pyramid index: level 0 first, then level 1, ... Entry (l, i) stands for tokens [i·p^l, (i+1)·p^l - 1].
"""

import dataclasses
from functools import cached_property


@dataclasses.dataclass(frozen=True)
class Layout:
    """Pyramid over `tokens` tokens, padded on the right to a whole number of coarsest windows.

    Attributes:
        tokens: N, tokens of the base sequence.
        levels: L, the base sequence included.
        factor: p, tokens that one level pools into an entry of the next.
        tiles: contiguous tiles that the coarsest level is cut into.
        tile_k: entries kept per tile and level.
    """

    tokens: int
    levels: int
    factor: int
    tiles: int
    tile_k: int

    @cached_property
    def padded(self) -> int:
        """N rounded up to a multiple of p^(L-1)."""
        window = self.factor ** (self.levels - 1)
        return -(-self.tokens // window) * window

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Entries of each level."""
        return tuple(self.padded // self.factor**level for level in range(self.levels))

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Flat index of each level's first entry."""
        return tuple(sum(self.sizes[:level]) for level in range(self.levels))

    @cached_property
    def entries(self) -> int:
        """P, entries of the whole pyramid."""
        return sum(self.sizes)

    @cached_property
    def tile_sizes(self) -> tuple[int, ...]:
        """Coarsest entries of each tile, sizes differing by at most one, longer first."""
        size, longer = divmod(self.sizes[-1], self.tiles)
        return (size + 1,) * longer + (size,) * (self.tiles - longer)

    @cached_property
    def candidates(self) -> tuple[tuple[int, ...], ...]:
        """[L][tiles] candidates of each tile at each level: p children of each kept entry one level up."""
        rows = [self.tile_sizes]
        for _ in range(self.levels - 1):
            rows.append(tuple(self.factor * min(self.tile_k, count) for count in rows[-1]))
        return tuple(reversed(rows))

    @cached_property
    def gathered(self) -> int:
        """S, entries of the gathered sequence: every candidate of every level."""
        return sum(map(sum, self.candidates))
