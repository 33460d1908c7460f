"""How long a grid will take, from one sample of each length that is run and thrown away."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.engine.rows import iterate_rows
from lh_eval.modeling.settling import Settling
from lh_eval.runs.checking import check_settings
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting, side_by_side
from lh_eval.store.rows import Row


class Estimate(NamedTuple):
    """One setting on the grid.

    name: the setting.
    rows: the sample that was timed, of each length.
    samples: how many of each length the grid has.
    """

    name: str
    rows: list[Row]
    samples: int

    @property
    def seconds(self) -> float:
        """Of the whole grid, were samples run one by one: batches and what samples share make it less."""
        return sum(row.seconds for row in self.rows) * self.samples


def estimate(
    checkpoint: Checkpoint,
    grid: Grid,
    settings: Sequence[Setting],
    *,
    beyond_positions: bool = False,
    settling: Settling | None = None,
) -> Iterator[Estimate]:
    """Time each setting on one sample of each length; nothing is written.

    Args:
        checkpoint: what would be evaluated.
        grid: the samples.
        settings: how it would attend.
        beyond_positions: as in `run`.
        settling: as in `run`.

    Raises:
        InputError: what `run` refuses.
    """
    settings = side_by_side(settings, checkpoint.defaults)
    check_settings(checkpoint, grid, settings, beyond_positions=beyond_positions, settling=settling)
    middle = grid.depths[len(grid.depths) // 2]
    one = dataclasses.replace(grid, depths=(middle,), trials=1)
    shortest = dataclasses.replace(one, lengths=one.lengths[:1])
    for setting in settings:
        # once before the clock counts: kernels are built, caches filled
        for timed in (shortest, one):
            rows = list(
                iterate_rows(
                    checkpoint.model,
                    checkpoint.tokenizer,
                    list(timed),
                    setting.method,
                    reading=setting.reading,
                    seed=grid.seed,
                    batch_size=1,
                    depth_tolerance=grid.depth_tolerance,
                    settling=settling,
                )
            )
        yield Estimate(setting.name, sorted(rows, key=lambda row: row.length), len(grid.depths) * grid.trials)
