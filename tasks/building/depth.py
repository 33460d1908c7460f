"""Depth: where in the context a needle starts, how far that is from where it was to, and the nearest place for it.

A depth is the percent of the context, opening included, at which the needle starts. The ends are places, not numbers:
0 is the first place behind the opening, 100 the last one, where the needle ends with the context.
"""

from collections.abc import Sequence

import numpy as np

from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.filler import Filler


def depth_at(start: int, context: int) -> float:
    """Percent of a context of so many tokens at which a needle starts."""
    return 100 * start / context


def share_at(position: int, filler: Filler, depth: float) -> float:
    """What rows of version 1 have for a true depth: the percent of the filler ahead of a needle."""
    return 100 * position / len(filler.ids) if len(filler.ids) else float(depth)


def points_off(starts: np.ndarray, *, size: int | np.ndarray, opening: int, context: int, depth: float) -> np.ndarray:
    """How far needles are from a depth, in points of the context.

    Args:
        starts: [n] where they start in the prompt.
        size: [n] or one number, tokens of each.
        opening: tokens ahead of the first place.
        context: tokens of the context.
        depth: where they were to start, in percent.
    """
    if depth == 0:
        tokens = starts - opening
    elif depth == 100:
        tokens = context - size - starts
    else:
        tokens = starts - context * depth / 100
    return np.abs(100 * tokens / context)


def deviation(sample: Sample, depth: float) -> float:
    """How far a sample's needle is from a depth, in points of the context; 0 where the depth places nothing."""
    if not sample.placed:
        return 0.0
    off = points_off(
        np.array([sample.needle_start]),
        size=sample.removed or sample.needle_end - sample.needle_start,
        opening=sample.opening,
        context=len(sample.context_ids),
        depth=depth,
    )
    return float(off[0])


def position_at(filler: Filler, depth: float) -> int:
    """The boundary nearest to a share of the filler: 0 is before it, 100 after it; of two as near, the first."""
    return int(filler.boundaries[np.abs(filler.boundaries - len(filler.ids) * depth / 100).argmin()])


def needle_position(
    filler: Filler, others: Sequence[tuple[int, int]], *, opening: int, size: int, depth: float
) -> tuple[int, bool]:
    """Where in the filler to put a needle, so that it starts at a depth of the context; and whether behind the others.

    That is the boundary at that share of the filler where it is within `DEPTH_TOLERANCE`, else the boundary that comes
    nearest, and where sentences are too far apart, the nearest beginning of a word.

    Args:
        filler: what it is put into.
        others: (position in the filler, tokens) of all else that is put into it.
        opening: tokens ahead of the filler.
        size: tokens of the needle.
        depth: percent.

    Returns:
        The position, and whether the needle comes behind what else lies there, not ahead of it.
    """
    positions = np.array([position for position, _ in others], dtype=np.int64)
    order = positions.argsort()
    before = np.concatenate([[0], np.array([tokens for _, tokens in others], dtype=np.int64)[order].cumsum()])
    context = opening + len(filler.ids) + size + int(before[-1])
    nearest = 0, False
    for places in (np.array([position_at(filler, depth)]), filler.boundaries, filler.finest):
        ahead, behind = (before[positions[order].searchsorted(places, side=side)] for side in ("left", "right"))
        starts = opening + np.concatenate([places + ahead, places + behind])
        off = points_off(starts, size=size, opening=opening, context=context, depth=depth)
        if len(places) == 1 and off[0] <= DEPTH_TOLERANCE:
            return int(places[0]), False
        best = int(off.argmin())
        nearest = int(places[best % len(places)]), best >= len(places)
        if off[best] <= DEPTH_TOLERANCE:
            break
    return nearest
