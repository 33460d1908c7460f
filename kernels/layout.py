"""Sizes of the pyramid and of the gathered sequence: integers that follow from N and the config, never from data.

Flat pyramid index: level 0 first, then level 1, ... Entry (l, i) stands for tokens [i·p^l, (i+1)·p^l - 1].
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Layout:
    """Pyramid over `tokens` tokens, padded on the right to a whole number of coarsest windows.

    Attributes:
        tokens: N, tokens of the base sequence.
        levels: L, the base sequence included.
        factor: p, tokens that one level pools into an entry of the next.
        tiles: contiguous tiles that the coarsest level is cut into.
        tile_k: entries kept per tile and level.
        padded: N rounded up to a multiple of p^(L-1).
        sizes: entries of each level.
        offsets: flat index of each level's first entry.
        entries: P, entries of the whole pyramid.
        gathered: S, entries of the gathered sequence: every candidate of every level.
    """

    tokens: int
    levels: int
    factor: int
    tiles: int
    tile_k: int
    padded: int = dataclasses.field(init=False)
    sizes: tuple[int, ...] = dataclasses.field(init=False)
    offsets: tuple[int, ...] = dataclasses.field(init=False)
    entries: int = dataclasses.field(init=False)
    gathered: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        window = self.factor ** (self.levels - 1)
        padded = -(-self.tokens // window) * window
        sizes = tuple(padded // self.factor**level for level in range(self.levels))
        offsets = tuple(sum(sizes[:level]) for level in range(self.levels))
        size, longer = sizes[-1] // self.tiles, sizes[-1] % self.tiles  # divmod is opaque to the compiler
        gathered = longer * sum(self.candidates(size + 1)) + (self.tiles - longer) * sum(self.candidates(size))
        derived = {
            "padded": padded,
            "sizes": sizes,
            "offsets": offsets,
            "entries": sum(sizes),
            "gathered": gathered,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def tile_sizes(self) -> tuple[int, ...]:
        """Coarsest entries of each tile, sizes differing by at most one, longer first."""
        size, longer = divmod(self.sizes[-1], self.tiles)
        return (size + 1,) * longer + (size,) * (self.tiles - longer)

    def candidates(self, size: int) -> tuple[int, ...]:
        """[L] candidates at each level of a tile of `size` coarsest entries: p children of each entry kept above."""
        counts = [size]
        for _ in range(self.levels - 1):
            counts.append(self.factor * min(self.tile_k, counts[-1]))
        return tuple(reversed(counts))
