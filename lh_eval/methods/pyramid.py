"""`Pyramid`: which tokens a kept position stands for, where a method keeps pooled entries beside tokens."""

from typing import NamedTuple


class Pyramid(NamedTuple):
    """Levels of entries, each of which stands for `factor` of the level below.

    Attributes:
        factor: p.
        offsets: position of each level's first entry, that of the tokens, 0, first; entry i of level l stands for
            tokens i·p^l to (i+1)·p^l − 1.
    """

    factor: int
    offsets: tuple[int, ...]

    @property
    def window(self) -> int:
        """Tokens that a coarsest entry stands for."""
        return self.factor ** (len(self.offsets) - 1)
