import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.analysis.effective import effective_length, rates_by_length


def test_rates_are_means_over_depths():
    cells = pd.DataFrame(
        [(1024, 0.0, 4, 4), (1024, 100.0, 4, 2), (2048, 0.0, 0, 0), (4096, 0.0, 2, 1)],
        columns=["length", "depth", "n", "hits"],
    )
    rates = rates_by_length(cells)
    assert {length: mean.rate for length, mean in rates.items()} == {1024: 0.75, 4096: 0.5}
    assert rates[1024].interval.low < 0.75 < rates[1024].interval.high


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({1024: 1.0, 2048: 0.9, 4096: 0.5}, 2048),
        ({4096: 1.0, 1024: 1.0, 2048: 0.2}, 1024),  # a gap ends it
        ({1024: 0.5, 2048: 1.0}, None),
        ({1024: 0.856}, 1024),
        ({}, None),
    ],
)
def test_effective_length(rates, expected):
    assert effective_length(rates) == expected


def test_threshold_can_be_chosen():
    assert effective_length({1024: 0.6, 2048: 0.4}, 0.5) == 1024
    with pytest.raises(InputError, match="threshold must be above 0"):
        effective_length({1024: 1.0}, 0.0)
