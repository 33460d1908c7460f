"""Needles that dense attention finds and a setting loses, on the same samples: where, and how many."""

from collections.abc import Mapping
from typing import NamedTuple

from lh_eval.analysis.pairing import align, with_canonical_tasks
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE


class Lost(NamedTuple):
    """What a setting loses at one length.

    lost: samples at depths above 0 whose score dense attention has higher; of `found`, which it scores above 0.
    lost_first: those at depth 0, where the first positions may be empty whatever selects; of `found_first`.
    """

    lost: int
    found: int
    lost_first: int
    found_first: int


def lost_by_length(runs: Mapping[str, Run]) -> dict[str, dict[int, Lost]]:
    """By setting and length, where more is lost than dense attention misses and the setting finds.

    Args:
        runs: the settings' by name, dense among them; without it nothing can be lost.

    Raises:
        InputError: a setting was asked other questions than dense.
    """
    if DENSE not in runs:
        return {}
    dense = with_canonical_tasks(runs[DENSE].frame)
    found = {}
    for name, run in runs.items():
        if name == DENSE:
            continue
        joined = align([dense, with_canonical_tasks(run.frame)])
        by_length = {}
        for length, own in joined.groupby("length"):
            lost, first, known = own[1] < own[0], own["depth"] == 0, own[0] > 0
            counts = (lost & ~first, known & ~first, lost & first, known & first)
            if lost.sum() > (own[1] > own[0]).sum():
                by_length[int(str(length))] = Lost(*(int(each.sum()) for each in counts))
        if by_length:
            found[name] = by_length
    return found
