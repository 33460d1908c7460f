import pytest

from lh_eval.analysis.lost import Lost, lost_by_length
from lh_eval.store.run import read_run


@pytest.fixture
def runs(make_run):
    """Dense finds all but one needle; one setting loses what lies at 2K, the other as much as it gains."""
    scores = {
        "dense": lambda length, depth, trial: (length, depth, trial) != (1024, 0, 0),
        "norm-k256": lambda length, depth, trial: length == 1024 and (depth, trial) != (0, 0),
        "norm-k512": lambda length, depth, trial: (length, depth, trial) != (1024, 100, 1),
    }
    return {name: read_run(make_run(name, score=score)) for name, score in scores.items()}


def test_what_is_lost_of_what_dense_finds(runs):
    assert lost_by_length(runs) == {"norm-k256": {2048: Lost(lost=2, found=2, lost_first=2, found_first=2)}}


def test_without_dense_nothing_can_be_said(runs):
    del runs["dense"]
    assert lost_by_length(runs) == {}


def test_depth_0_is_told_apart(make_run):
    """Dense misses one sample at depth 100 and the setting all at depth 0."""
    scores = {"dense": lambda length, depth, trial: (depth, trial) != (100, 1), "norm-k256": lambda _, depth, __: depth}
    runs = {name: read_run(make_run(name, score=lambda *key, own=own: own(*key) > 0)) for name, own in scores.items()}
    lost = Lost(lost=0, found=1, lost_first=2, found_first=2)
    assert lost_by_length(runs) == {"norm-k256": {1024: lost, 2048: lost}}
