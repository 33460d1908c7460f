"""How many trials and training seeds a difference takes: what is assumed, or measured in runs, and what follows."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.analysis.pairing import align, with_canonical_tasks
from lh_eval.errors import InputError
from lh_eval.statistics import power, standard_error

if TYPE_CHECKING:
    import pandas as pd

PAPER_SAMPLES, PAPER_RATE = 420, 0.72  # of a checkpoint of the paper's; its dense one's rate
GRID_CELLS = 35  # five lengths by seven depths, as outputs/grid has them
# Standard deviation of a pair of trainings' difference in mean rate, seven pairs that differ in their scorer alone:
# outputs/grid/claims.csv, query-key over norm.
PAIR_SDS = {"passkey": 0.0505, "keyed": 0.0353}


class Assumed(NamedTuple):
    """What samples are like.

    rate: of the side that the other one is compared with.
    discordant: share of the samples that one side alone gets right.
    spread: standard deviation of a sample's difference; more than of its score alone where samples vary together.
    alone: that of a sample's score on the first side, where it was measured; else it follows from the rate.
    cells: of the grid.
    said: where it is from.
    """

    rate: float
    discordant: float
    spread: float
    alone: float | None
    cells: int
    said: str


class Requirement(NamedTuple):
    """What a difference takes.

    others: samples a side where each is asked other ones.
    same: samples where both sides are asked the same.
    pairs: of trainings that share a seed, by what they are asked: for the t-interval, and for the sign-flip test.
    least_pairs: the fewest that the sign-flip test can find anything with.
    """

    others: int
    same: int
    pairs: dict[str, tuple[int, int]]
    least_pairs: int


def assume(
    detect: float, *, rate: float = PAPER_RATE, discordant: float | None = None, cells: int = GRID_CELLS
) -> Assumed:
    """Take scores for independent ones of 0 and 1.

    Args:
        detect: the difference that is looked for.
        rate: of one side; the other's is above it by the difference, or below it where there is no room above.
        discordant: share of the samples that one side alone gets right; as if the sides had nothing in common if None.
        cells: of the grid.

    Raises:
        InputError: a value is out of range.
    """
    if not 0 <= rate <= 1:
        raise InputError(f"rate must be from 0 to 1, got {rate:g}")
    _check(detect)
    if cells < 1:
        raise InputError(f"cells must be at least 1, got {cells}")
    low = _lower(rate, detect)
    said = f"rates {low:.3g} and {low + detect:.3g}"
    if discordant is None:
        discordant = power.independent_discordance(detect, low)
        said += f"; of the same samples {discordant:.2g} differ, as if the sides had nothing in common"
    else:
        said += f"; of the same samples {discordant:.2g} differ"
    spread = power.discordant_spread(detect, discordant)
    return Assumed(rate, discordant, spread, None, cells, said)


def measure(detect: float, a: "pd.DataFrame", b: "pd.DataFrame", *, questions: int = 1) -> Assumed:
    """Take scores to vary as those of two runs do, over their grid, and samples to vary together as theirs.

    Two runs that hardly differ say little of two that do: the spread is at least that of as many differing samples as
    the difference needs.

    Args:
        detect: the difference that is looked for.
        a: rows of the run that is the baseline.
        b: rows of the other.
        questions: as in `compare`.

    Raises:
        InputError: the difference is none, or the runs share no sample or have one trial a length.
    """
    _check(detect)
    joined = align([with_canonical_tasks(a), with_canonical_tasks(b)])
    if joined.empty:
        raise InputError("from must be runs with samples in common, got none; run both on one grid")
    strata = list(zip(joined["task"], joined["length"], strict=True))
    grouped = {
        "cells": list(zip(strata, joined["depth"], strict=True)),
        "clusters": list(zip(strata, joined["trial"] // questions, strict=True)),
        "strata": strata,
    }
    errors = [standard_error(values.tolist(), **grouped) for values in (joined[0], joined[1] - joined[0])]
    if None in errors:
        raise InputError("from must be runs with at least two trials a length, got one; run more trials")
    alone, spread = (math.sqrt(len(joined)) * error for error in errors if error is not None)
    spread = max(spread, power.discordant_spread(detect, detect))
    by_cell = joined.groupby(["task", "length", "depth"])
    rate, differ = float(by_cell[0].mean().mean()), float((joined[0] != joined[1]).mean())
    said = f"as measured on {len(joined)} samples in {len(by_cell)} cells: rate {rate:.3g}, {differ:.2g} of them differ"
    return Assumed(rate, differ, spread, alone or None, len(by_cell), said)


def require(
    detect: float,
    assumed: Assumed,
    *,
    pair_sds: Mapping[str, float] = PAIR_SDS,
    with_power: float = 0.8,
    level: float = 0.95,
) -> Requirement:
    """How many samples and pairs of trainings find the difference.

    Args:
        detect: mean difference over the grid.
        assumed: as `assume` or `measure` makes it.
        pair_sds: standard deviation of the difference of a pair of trainings, by what they are asked.
        with_power: probability that the test finds the difference.
        level: confidence level.

    Raises:
        InputError: a value is out of range.
    """
    asked = {"power": with_power, "level": level}
    if assumed.alone is not None:
        others = power.pairs(detect, math.sqrt(2) * assumed.alone, **asked)
    else:
        others = power.samples_a_side(detect, _lower(assumed.rate, detect), **asked)
    pairs = {
        name: (power.pairs(detect, sd, **asked), power.flipped_pairs(detect, sd, **asked))
        for name, sd in pair_sds.items()
    }
    return Requirement(others, power.pairs(detect, assumed.spread, **asked), pairs, power.least_pairs(level))


def _check(detect: float) -> None:
    if not 0 < detect < 1:
        raise InputError(f"detect must be above 0 and below 1, got {detect:g}; 0.04 is four needles of a hundred")


def _lower(rate: float, detect: float) -> float:
    return rate if rate + detect <= 1 else rate - detect
