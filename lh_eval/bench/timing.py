"""Time and memory of a call: the median of CUDA events, or of the wall clock on a CPU."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

Call = Callable[[], object]

_WARM_UP = 3  # calls; the first alone, which compiles and tunes, where one takes the whole budget
_WARM_UP_MS = 100.0  # and at least so long, until the card's clocks have risen


class Repetition(NamedTuple):
    """How often a call is timed.

    repeats: at most so many times.
    seconds: and for about that long.
    least: but at least so many times, on a GPU.
    """

    repeats: int
    seconds: float
    least: int = 3


def median_ms(calls: Sequence[Call], device: "torch.device", repetition: Repetition) -> float:
    """Median time of a call in milliseconds, after warm-up.

    Args:
        calls: the same work on different inputs, taken in turn, so that a cache does not hold what a call reads.
        device: what they run on.
        repetition: how often they are timed. On a CPU, a first call that takes the whole budget is the only one.
    """
    turns = itertools.cycle(calls)
    return _events(turns, repetition) if device.type == "cuda" else _wall_clock(turns, repetition)


def extra_bytes(call: Callable[[], "Sequence[torch.Tensor]"], device: "torch.device") -> int | None:
    """Most memory that a call held above its inputs and what it returned, or None on a CPU, which does not count it."""
    import torch

    if device.type != "cuda":
        return None
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    returned = sum(x.numel() * x.element_size() for x in call())
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before - returned


def _events(turns: Iterator[Call], repetition: Repetition) -> float:
    _elapsed([next(turns)])
    times = _elapsed([next(turns)])
    if times[0] < 1000 * repetition.seconds:
        count = max(_WARM_UP, int(_WARM_UP_MS / max(times[0], 1e-1)))
        times = _elapsed(list(itertools.islice(turns, count)))[-1:]
    count = max(repetition.least, min(repetition.repeats, int(1000 * repetition.seconds / max(times[0], 1e-3))))
    return statistics.median(times + _elapsed(list(itertools.islice(turns, count - 1))))


def _elapsed(calls: Sequence[Call]) -> list[float]:
    """Milliseconds of each call; the host waits only behind the last one, so that it does not slow the others."""
    import torch

    pairs = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in calls]
    for call, (start, end) in zip(calls, pairs, strict=True):
        start.record()
        call()
        end.record()
    torch.cuda.synchronize()
    return [start.elapsed_time(end) for start, end in pairs]


def _wall_clock(turns: Iterator[Call], repetition: Repetition) -> float:
    def clock() -> float:
        start = time.perf_counter()
        next(turns)()
        return time.perf_counter() - start

    first = clock()
    if first >= repetition.seconds:
        return 1000 * first
    times: list[float] = []
    while not times or (len(times) < repetition.repeats and sum(times) < repetition.seconds):
        times.append(clock())
    return 1000 * statistics.median(times)
