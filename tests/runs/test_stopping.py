"""When a cell has enough trials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval.errors import InputError
from lh_eval.runs.grid import Grid
from lh_eval.runs.stopping import due
from lh_eval.statistics import wilson
from lh_eval.store.rows import Row


def grid(**changes):
    values = {"task": "passkey", "lengths": (256,), "depths": (0.0, 50.0), "trials": 4, "until_ci": 0.3}
    return Grid(**values | changes)


def row(key, score):
    task, length, depth, trial = key
    return Row(
        task=task, length=length, depth=depth, true_depth=depth, trial=trial, seed=0, needle_start=0, needle_end=9,
        context_tokens=200, prompt_sha256="00", answer="1", prediction=None if score is None else "1", score=score,
        selection_recall=None, seconds=0.1, error="broken" if score is None else None, scoring="all",
    )  # fmt: skip


def run(grid, score, *, at_once=None):
    """Rows of a whole run in which `score(depth, trial)` is what a sample gets, `at_once` samples between looks."""
    rows = {}
    while waiting := [key for key in due(grid, rows.values()) if key not in rows]:
        for key in waiting[:at_once]:
            rows[key] = row(key, score(*key[2:]))
    return rows


def trials(rows, depth):
    return sum(key[2] == depth for key in rows)


def test_without_the_rule_it_is_the_grid():
    assert due(grid(until_ci=None), []) == list(grid(until_ci=None))


def test_cells_double_until_the_interval_is_narrow_or_the_cap_is_met():
    rows = run(grid(max_trials=50), lambda depth, trial: float(depth == 0 or trial % 2))
    assert trials(rows, 0.0) == 16  # 4 and 8 of as many are 0.49 and 0.32 wide, 16 are 0.19
    assert trials(rows, 50.0) == 50  # half right: 32 are 0.33 wide, and 50 are the most
    assert wilson(8, 8).high - wilson(8, 8).low > 0.3 > wilson(16, 16).high - wilson(16, 16).low
    assert trials(run(grid(max_trials=6), lambda depth, trial: 1.0), 0.0) == 6


def test_a_cell_waits_for_all_of_its_trials():
    rows = [row(key, 1.0) for key in grid()][:-1]  # the last is a trial of depth 50
    assert trials(due(grid(), rows), 0.0) == 8
    assert trials(due(grid(), rows), 50.0) == 4


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, None]), min_size=64, max_size=64),
    st.integers(1, 7),
    st.integers(1, 9),
    st.floats(0.05, 0.9),
)
def test_where_it_was_cut_changes_no_row(scores, first, at_once, width):
    rule = grid(trials=first, until_ci=width, max_trials=64)
    whole = run(rule, lambda depth, trial: scores[trial])
    assert run(rule, lambda depth, trial: scores[trial], at_once=at_once).keys() == whole.keys()
    for depth in rule.depths:
        counted = [r.score for r in whole.values() if r.depth == depth and r.error is None]
        assert (
            not counted
            or trials(whole, depth) == 64
            or wilson(sum(counted), len(counted)).high - wilson(sum(counted), len(counted)).low <= width
        )


def test_nothing_but_failures_ends_a_cell():
    assert len(run(grid(), lambda depth, trial: None)) == len(grid())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"until_ci": 5}, "until_ci must be between 0 and 1, got 5"),
        ({"until_ci": 0.0}, "until_ci must be between 0 and 1, got 0.0"),
        ({"max_trials": 3}, "max_trials must be an integer from trials = 4 to 1000000, got 3"),
        ({"until_ci": None, "max_trials": 9}, "until_ci must be given with max_trials"),
    ],
)
def test_rules_that_make_no_sense_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        grid(**values)


def test_the_cap_has_a_default():
    assert grid().at_most() == grid(until_ci=None, trials=200)
    assert grid(trials=300).max_trials == 300
