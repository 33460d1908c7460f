"""From which length on one is faster than the other."""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Crossover(NamedTuple):
    """From `length` on it is faster; not `exact` where it is so at the shortest length that both have."""

    length: float
    exact: bool


def crossover(ours: Mapping[int, float], other: Mapping[int, float]) -> Crossover | None:
    """The length from which `ours` stays faster, as far as was measured; on a line between lengths in log-log.

    Args:
        ours: time by length.
        other: time by length, of what it is compared with.

    Returns:
        None where it is not faster at the longest length that both have, or they have none.
    """
    lengths = sorted(ours.keys() & other.keys())
    lead = [math.log(other[length] / ours[length]) for length in lengths]
    if not lengths or lead[-1] <= 0:
        return None
    for i in range(len(lengths) - 1, 0, -1):
        if lead[i - 1] <= 0:
            part = lead[i - 1] / (lead[i - 1] - lead[i])
            return Crossover(lengths[i - 1] * (lengths[i] / lengths[i - 1]) ** part, True)
    return Crossover(lengths[0], False)
