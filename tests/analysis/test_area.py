import pytest

from lh_eval.analysis.area import area_over_length, log_weights
from lh_eval.store.run import read_run


def test_each_doubling_counts_the_same():
    assert log_weights([1024, 2048, 8192]) == {1024: pytest.approx(1 / 6), 2048: 0.5, 8192: pytest.approx(1 / 3)}


def test_the_area_is_the_trapezoid_with_an_interval_around_it(make_run):
    def score(length, depth, trial):
        return {1024: 1.0, 2048: trial, 8192: 0.0}[length]

    area = area_over_length(read_run(make_run("a", lengths=[1024, 2048, 8192], score=score)).frame)
    assert area.value == pytest.approx(1 / 6 + 0.5 * 0.5)
    assert area.interval.low < area.value < area.interval.high
    assert (area.by, area.shortest, area.longest) == ("bootstrap", 1024, 8192)


def test_where_nothing_varies_the_interval_is_wilsons_and_one_length_has_none(make_run):
    area = area_over_length(read_run(make_run("a")).frame)
    assert (area.value, area.by, area.interval.high) == (1.0, "Wilson", 1.0)
    assert 0.6 < area.interval.low < 0.7  # of 8
    assert area_over_length(read_run(make_run("b", lengths=[1024])).frame) is None
