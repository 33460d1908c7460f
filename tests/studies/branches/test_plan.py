"""The order in which scarce time is spent."""

import pytest

from lh_eval.errors import InputError
from lh_eval.studies.branches.plan import Cell, Design, parse_kinds, parse_seeds
from lh_eval.studies.branches.runner import Budget

DESIGN = Design(["norm", "qk:dilation=8"], [256, 1024], ["before", "after"], ["norm"])


def test_all_seeds_of_a_cell_come_before_the_next_cell():
    jobs = list(DESIGN.jobs([0, 1]))
    assert [job.name for job in jobs[:6]] == [
        "trunk s0",
        "trunk s1",
        "branch norm-k256-s0",
        "branch norm-k256-s1",
        "branch norm-k1024-s0",
        "branch norm-k1024-s1",
    ]
    kinds = [job.kind for job in jobs[::2]]
    assert kinds == ["trunk", *["branch"] * 4, "intervention", *["branch"] * 2, *["resume"] * 4, *["evaluation"] * 5]
    assert [job.cell.name for job in jobs[10:16:2]] == ["norm-k256", "norm-k256-after", "dense"]
    assert [job.name for job in DESIGN.jobs([3], parse_kinds("intervention,trunk"))] == [
        "trunk s3",
        "intervention norm-k256-s3",
    ]
    with pytest.raises(InputError, match="kind of job"):
        parse_kinds("trunks")
    assert Cell("qk:dilation=8", 256, "before").name == "qk_dilation_8-k256"


def test_seeds():
    assert parse_seeds("0-2,5") == [0, 1, 2, 5]
    for text in ("", "a", "2-1", "1,1"):
        with pytest.raises(InputError, match="seeds must be"):
            parse_seeds(text)


def test_a_budget_begins_no_job_that_would_not_fit(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("lh_eval.studies.branches.runner.time.monotonic", lambda: now[0])
    budget = Budget(200.0)
    assert budget.allows("branch")
    budget.took("branch", 30.0)
    now[0] = 169.0
    assert budget.allows("branch")
    assert not budget.allows("trunk")
    now[0] = 171.0
    assert not budget.allows("branch")
    assert Budget(None).allows("trunk")
