"""`Grid`: which samples a run is made of."""

import dataclasses
from collections.abc import Iterator

from lh_eval.errors import InputError
from lh_eval.results.rows import Key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Samples of one task over lengths, depths and trials.

    Attributes:
        task: task spec.
        lengths: tokens of the prompt.
        depths: where the needle lies, in percent.
        trials: samples of each (length, depth) cell.
        seed: seed of all samples.
    """

    task: str
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: int
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("lengths", "depths"):
            values = getattr(self, name)
            if not values or len(set(values)) != len(values):
                raise InputError(f"{name} must name each value once, got {list(values)}")
        if self.trials < 1:
            raise InputError(f"trials must be at least 1, got {self.trials}")
        if self.seed < 0:
            raise InputError(f"seed must be 0 or more, got {self.seed}")

    def __len__(self) -> int:
        return len(self.lengths) * len(self.depths) * self.trials

    def __iter__(self) -> Iterator[Key]:
        """Every sample, all cells' first trials before the second ones: a run that stops early covers the grid."""
        for trial in range(self.trials):
            for length in self.lengths:
                for depth in self.depths:
                    yield (self.task, length, depth, trial)
