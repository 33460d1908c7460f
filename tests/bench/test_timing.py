import time

import pytest
import torch

from lh_eval.bench.timing import Repetition, extra_bytes, median_ms

CPU = torch.device("cpu")


def test_the_median_of_a_call():
    waits = iter([0.02, 0.001, 0.03, 0.002])  # the first is the warm-up
    ms = median_ms([lambda: time.sleep(next(waits))], CPU, Repetition(3, 10.0))
    assert 2 <= ms < 20


def test_calls_take_turns_and_stop_at_the_repeats():
    seen = []
    median_ms([lambda: seen.append(0), lambda: seen.append(1)], CPU, Repetition(5, 10.0))
    assert seen == [0, 1, 0, 1, 0, 1]


def test_a_call_that_takes_the_whole_budget_is_the_only_one():
    seen = []
    assert median_ms([lambda: (seen.append(0), time.sleep(0.01))], CPU, Repetition(5, 0.005)) >= 10
    assert len(seen) == 1


def test_the_budget_ends_the_repeats():
    seen = []
    median_ms([lambda: (seen.append(0), time.sleep(0.005))], CPU, Repetition(1000, 0.02))
    assert 2 <= len(seen) <= 5


def test_a_cpu_does_not_count_memory():
    assert extra_bytes(lambda: [torch.zeros(3)], CPU) is None


@pytest.mark.gpu
def test_memory_above_inputs_and_outputs():
    x = torch.ones(2**20, device="cuda")
    assert extra_bytes(lambda: [(x + 1) * 2], x.device) == x.numel() * 4


@pytest.mark.gpu
@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_events_see_what_the_host_does_not_wait_for(seconds):
    ms = median_ms([lambda: torch.cuda._sleep(20_000_000)], torch.device("cuda"), Repetition(10, seconds))
    assert 5 < ms < 100


class Clock:
    """A GPU of the test's own: each call takes the next of `times`, and work is done when it is waited for."""

    def __init__(self, times):
        self.times, self.now, self.waits = iter(times), 0.0, 0

    def call(self):
        self.now += next(self.times)

    def event(self, *, enable_timing):
        clock = self

        class Event:
            def record(self):
                self.at = clock.now

            def elapsed_time(self, other):
                assert clock.waits, "read before the work was done"
                return other.at - self.at

        return Event()


@pytest.fixture
def gpu(monkeypatch):
    def install(*times):
        clock = Clock(times)
        monkeypatch.setattr(torch.cuda, "Event", clock.event)
        monkeypatch.setattr(torch.cuda, "synchronize", lambda: setattr(clock, "waits", clock.waits + 1))
        return clock

    return install


def test_gpu_warms_up_and_takes_the_median(gpu):
    clock = gpu(900.0, 50.0, 7.0, 7.0, 2.0, 3.0, 4.0, 3.0, 2.0)
    assert median_ms([clock.call], torch.device("cuda"), Repetition(5, 1.0)) == 3.0


def test_gpu_times_long_calls_the_least_that_is_asked(gpu):
    clock = gpu(900.0, 80.0, 60.0, 70.0)
    assert median_ms([clock.call], torch.device("cuda"), Repetition(5, 0.05)) == 70.0
    clock = gpu(900.0, 80.0)
    assert median_ms([clock.call], torch.device("cuda"), Repetition(5, 0.05, least=1)) == 80.0


def test_gpu_budget_ends_the_repeats(gpu):
    clock = gpu(*[10.0] * 50)
    median_ms([clock.call], torch.device("cuda"), Repetition(100, 0.1))
    assert 10 <= sum(1 for _ in range(40) if next(clock.times, None)) <= 40
    assert 200 <= clock.now < 300  # a tenth of a second of warm-up before as much of timing


def test_gpu_memory_leaves_out_what_is_returned(monkeypatch):
    peaks = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: peaks.append(0))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 1000)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 1500)
    assert extra_bytes(lambda: [torch.zeros(25), torch.zeros(5)], torch.device("cuda")) == 500 - 120
    assert peaks == [0]
