"""`Grid`: which samples a run is made of."""

import dataclasses
import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.lengths import DEPTH_TOLERANCE

if TYPE_CHECKING:
    from lh_eval.store.rows import Key

DEPTHS = (0.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0)  # percent; the paper's
MOST_TRIALS = 200  # of a cell with `until_ci`, if not given
_MOST = {"trials": 10**6, "seed": 2**63 - 1}  # a cell's samples; what tables hold


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grid:
    """Samples of one task over lengths, depths and trials.

    Lengths and depths are kept in ascending order: the order they are given in changes no row, and makes no other run.

    Attributes:
        task: a task with its options; kept as its canonical `Spec`.
        lengths: tokens of the prompt.
        depths: where the needle lies, in percent.
        trials: samples of each (length, depth) cell.
        seed: seed of all samples.
        until_ci: cells get more trials until their 95 % interval, from end to end, is at most so wide; see `stopping`.
        max_trials: with `until_ci`, the most trials of a cell; 200 (or `trials`, if more) if not given.
        depth_tolerance: points of the context that a needle may be off its depth.

    Raises:
        InputError: a value is of the wrong type or out of range, or a length or depth is there twice.
    """

    task: str
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    trials: int
    seed: int = 0
    until_ci: float | None = None
    max_trials: int | None = None
    depth_tolerance: float = DEPTH_TOLERANCE

    def __post_init__(self) -> None:
        if not isinstance(self.task, str):
            raise InputError(f"task must be a name with options such as 'keyed:records=8', got {self.task!r}")
        from lh_eval.tasks.base import canonical_task  # the registry imports numpy: only when a grid is made

        object.__setattr__(self, "task", canonical_task(self.task))
        object.__setattr__(self, "lengths", tuple(map(int, self._checked("lengths", "token counts", Integral, 1))))
        object.__setattr__(self, "depths", tuple(map(float, self._checked("depths", "percentages", Real, 0, 100))))
        for name, least in (("trials", 1), ("seed", 0)):
            value, most = getattr(self, name), _MOST[name]
            if not _within(value, Integral, least, most):
                raise InputError(f"{name} must be an integer from {least} to {most}, got {value!r}")
            object.__setattr__(self, name, int(value))
        if not _within(self.depth_tolerance, Real, 0, 100):
            raise InputError(f"depth_tolerance must be from 0 to 100 points, got {self.depth_tolerance!r}")
        object.__setattr__(self, "depth_tolerance", float(self.depth_tolerance))
        self._check_rule()

    def _check_rule(self) -> None:
        if self.until_ci is None:
            if self.max_trials is not None:
                raise InputError(
                    f"until_ci must be given with max_trials, got none; with trials={self.trials} alone "
                    "each cell has as many"
                )
            return
        if not _within(self.until_ci, Real, 0, 1) or not 0 < self.until_ci < 1:
            raise InputError(
                f"until_ci must be between 0 and 1, got {self.until_ci!r}; it is the interval's full width"
            )
        object.__setattr__(self, "until_ci", float(self.until_ci))
        if self.max_trials is None:
            object.__setattr__(self, "max_trials", max(MOST_TRIALS, self.trials))
        elif not _within(self.max_trials, Integral, self.trials, _MOST["trials"]):
            raise InputError(
                f"max_trials must be an integer from trials = {self.trials} to {_MOST['trials']}, "
                f"got {self.max_trials!r}"
            )

    def at_most(self) -> "Grid":
        """The grid with as many trials of every cell as any may get."""
        return dataclasses.replace(self, trials=self.max_trials or self.trials, until_ci=None, max_trials=None)

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

    def __iter__(self) -> "Iterator[Key]":
        """Every sample, by trial, length and depth."""
        for trial in range(self.trials):
            for length in self.lengths:
                for depth in self.depths:
                    yield (self.task, length, depth, trial)


def _within(value: object, kind: type, least: float, most: float = math.inf) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and least <= value <= most  # type: ignore[operator]
