import time

import pytest
import torch

from lh_eval.bench.timing import Pace, extra_bytes, median_ms

CPU = torch.device("cpu")


def test_the_median_of_a_call():
    waits = iter([0.02, 0.001, 0.03, 0.002])  # the first is the warm-up
    ms = median_ms([lambda: time.sleep(next(waits))], CPU, Pace(3, 10.0))
    assert 2 <= ms < 20


def test_calls_take_turns_and_stop_at_the_repeats():
    seen = []
    median_ms([lambda: seen.append(0), lambda: seen.append(1)], CPU, Pace(5, 10.0))
    assert seen == [0, 1, 0, 1, 0, 1]


def test_a_call_that_takes_the_whole_budget_is_the_only_one():
    seen = []
    assert median_ms([lambda: (seen.append(0), time.sleep(0.01))], CPU, Pace(5, 0.005)) >= 10
    assert len(seen) == 1


def test_the_budget_ends_the_repeats():
    seen = []
    median_ms([lambda: (seen.append(0), time.sleep(0.005))], CPU, Pace(1000, 0.02))
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
    ms = median_ms([lambda: torch.cuda._sleep(20_000_000)], torch.device("cuda"), Pace(10, seconds))
    assert 5 < ms < 100
