"""`Grid`: which samples a run is made of."""

import dataclasses
import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

from lh_eval.errors import InputError
from lh_eval.results.rows import Key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Samples of one task over lengths, depths and trials.

    Lengths and depths are kept in ascending order: the order they are given in changes no row, and makes no other run.

    Attributes:
        task: task spec.
        lengths: tokens of the prompt.
        depths: where the needle lies, in percent.
        trials: samples of each (length, depth) cell.
        seed: seed of all samples.

    Raises:
        InputError: a value is of the wrong type or out of range, or a length or depth is there twice.
    """

    task: str
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: int
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.task, str):
            raise InputError(f"task must be a name with options such as 'keyed:records=8', got {self.task!r}")
        object.__setattr__(self, "lengths", tuple(map(int, self._checked("lengths", "token counts", Integral, 1))))
        object.__setattr__(self, "depths", tuple(map(float, self._checked("depths", "percentages", Real, 0, 100))))
        for name, least in (("trials", 1), ("seed", 0)):
            value = getattr(self, name)
            if not _within(value, Integral, least):
                raise InputError(f"{name} must be an integer from {least} on, got {value!r}")
            object.__setattr__(self, name, int(value))

    def _checked(self, name: str, what: str, kind: type, least: int, most: float = math.inf) -> list[Any]:
        """The field's values in ascending order."""
        values = getattr(self, name)
        try:
            items = [] if isinstance(values, str) else list(values)
        except TypeError:
            items = []
        for item in items:
            if not _within(item, kind, least, most):
                bounds = f"from {least} on" if most == math.inf else f"from {least} to {most}"
                raise InputError(f"{name} must be {what} {bounds}, got {item!r}")
        if not items or len(set(items)) != len(items):
            raise InputError(f"{name} must be a list of different {what}, got {values!r}")
        return sorted(items)

    def __len__(self) -> int:
        return len(self.lengths) * len(self.depths) * self.trials

    def __iter__(self) -> Iterator[Key]:
        """Every sample, by trial, length and depth."""
        for trial in range(self.trials):
            for length in self.lengths:
                for depth in self.depths:
                    yield (self.task, length, depth, trial)


def _within(value: object, kind: type, least: float, most: float = math.inf) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and least <= value <= most  # type: ignore[operator]
