import pandas as pd
import pytest

from lh_eval.studies.grid.paper import PAPER, PAPER_DENSE, paper_claims, paper_rates, recipes_over_dense
from lh_eval.studies.grid.trainings import read_grid


@pytest.fixture(scope="module")
def trainings(tiny_grid):
    return read_grid(tiny_grid).trainings


def test_pairs_differ_in_one_thing_alone(trainings):
    claims = {claim.name: claim.pairs for claim in paper_claims(trainings)}
    assert {name: len(pairs) for name, pairs in claims.items()} == {
        "query-key over norm, equal k": 5,
        "larger k over smaller": 4,
        "L = 3 over L = 5": 2,
        "two stages over dense from scratch": 10,
    }
    for name, field in (("query-key", "scorer"), ("larger", "k"), ("L =", "num_levels")):
        (pairs,) = (pairs for claim, pairs in claims.items() if claim.startswith(name))
        alike = [other for other in ("scorer", "k", "num_levels", "seed") if other != field]
        base, other = (trainings.loc[pairs[side]].reset_index(drop=True) for side in ("base", "other"))
        assert (base[alike] == other[alike]).all(axis=None)
        assert (base[field] != other[field]).all()


def test_the_papers_differences(trainings):
    qk, larger, levels, dense = paper_claims(trainings)
    assert [qk.paper, larger.paper, dense.paper] == pytest.approx([0.06, 0.05, -0.005])
    assert levels.paper is None


def test_each_recipe_over_dense(trainings):
    claims = recipes_over_dense(trainings)
    assert [len(claim.pairs) for claim in claims] == [2, 2, 2, 2, 1, 1]
    known = [pytest.approx(change) for change in (-0.07, 0, 0.01, 0.04)]
    assert [claim.paper for claim in claims] == [*known, None, None]


def test_the_papers_smaller_and_larger_budgets_are_the_grids():
    scorers, budgets = ["dense", "qk:dilation=8", "norm", "norm", "recency"], [None, 256, 384, 256, 256]
    table = pd.DataFrame({"recipe": [*"abcde"], "scorer": scorers, "k": budgets, "num_levels": [None, 3, 3, 5, 3]})
    table = table.astype({"k": "Int64", "num_levels": "Int64"})
    assert paper_rates(table) == {"dense": PAPER_DENSE, "b": PAPER["qk", 1536], "c": PAPER["norm", 2048]}
    assert paper_rates(table[table["recipe"] != "c"]) == {"dense": PAPER_DENSE}  # one budget is neither
