import pytest
from grid_claims import (
    claims_table,
    claims_table_for_people,
    paper_claims,
    qk_over_norm,
    recipes_over_dense,
    verdict,
)
from grid_trainings import read_grid
from tiny_grid import write_grid

from lh_eval.analysis.compare import compare
from lh_eval.statistics import mcnemar_exact, paired_difference

pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def trainings(tiny_grid):
    return read_grid(tiny_grid)


@pytest.fixture(scope="module")
def table(trainings, few_resamples):
    return claims_table(paper_claims(trainings), trainings).set_index(["by", "claim", "task"])


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
        for pair in pairs:
            assert pair.base.seed == pair.other.seed
            assert pair.base.recipe != pair.other.recipe
            assert pair.base.recipe._replace(**{field: None}) == pair.other.recipe._replace(**{field: None})


def test_the_papers_differences(trainings):
    qk, larger, levels, dense = paper_claims(trainings)
    assert [qk.paper, larger.paper, dense.paper] == pytest.approx([0.06, 0.05, -0.005])
    assert levels.paper is None


def test_trainings_are_what_varies(table, trainings):
    """Hits of three more than norm, by k, levels and seed: 1, 0, 1, 2, 1."""
    row = table.loc[("trainings", "query-key over norm, equal k", "keyed")]
    assert row[["pairs", "observations"]].tolist() == [5, 5]
    assert row["difference"] == pytest.approx(5 / 15)
    assert row["least_p"] == 1 / 16
    pairs = qk_over_norm(trainings).pairs
    frames = [[pair[side].runs["keyed", "dense"].frame for pair in pairs] for side in (0, 1)]
    whole = compare(*frames, paired=True).overall.iloc[0]
    names = ["difference", "ci_low", "ci_high", "p"]
    assert row[names].tolist() == pytest.approx(whole[names].tolist())
    assert table.loc[("trainings", "query-key over norm, equal k", "both")]["p"] == pytest.approx(row["p"])


def test_prompts_are_what_varies(table):
    """Each of the 12 prompts is found by more of query-key's trainings: all of them rank a cell's prompts alike."""
    row = table.loc[("prompts", "query-key over norm, equal k", "keyed")]
    assert row["observations"] == 12
    assert row["difference"] == pytest.approx(5 / 15)
    assert row[["gained", "lost"]].tolist() == [12, 0]
    assert row["p"] == mcnemar_exact(12, 0)
    assert row["ci_low"] < row["difference"] < row["ci_high"]
    assert table.loc[("prompts", "query-key over norm, equal k", "both")]["p"] == mcnemar_exact(24, 0)


def test_one_dense_training_is_one_observation_however_many_it_is_compared_with(table):
    row = table.loc[("trainings", "two stages over dense from scratch", "both")]
    assert row[["pairs", "observations", "least_p"]].tolist() == [10, 2, 0.5]
    # seed 0: hits 1, 2, 2, 3, 0, 1 against 2; seed 1: 1, 1, 1, 3 against 2
    assert row["difference"] == pytest.approx((-0.5 - 0.5) / 2 / 3)
    assert row["p"] != row["p"]
    assert row["verdict"] == "not decided"


def test_holm_is_over_the_claims_of_a_task(table):
    rows = table.xs("prompts").xs("keyed", level="task")
    least = rows["p"].idxmin()
    assert rows["p_holm"][least] == pytest.approx(4 * rows["p"][least])
    assert (rows["verdict"] == "agrees").equals((rows["p_holm"] < 0.05) & (rows["ci_low"] > 0))
    assert rows["verdict"][least] == "agrees"


def test_the_paper_says_nothing_of_another_task(table):
    assert table.xs("keyed", level="task")["paper"].isna().all()
    assert table.loc[("prompts", "larger k over smaller", "passkey")]["paper"] == pytest.approx(0.05)


def test_each_recipe_over_dense(trainings):
    claims = recipes_over_dense(trainings)
    assert [len(claim.pairs) for claim in claims] == [2, 2, 2, 2, 1, 1]
    assert [claim.paper for claim in claims] == [pytest.approx(change) for change in (-0.07, 0, 0.01, 0.04)] + [
        None
    ] * 2
    table = claims_table(claims[:1], trainings).set_index(["by", "task"])
    row = table.loc[("prompts", "keyed")]
    assert row[["gained", "lost"]].tolist() == [0, 4]  # two of three against one of three, in four cells
    assert row["difference"] == pytest.approx(-1 / 3)


def test_equal_sides_have_newcombes_interval(tmp_path):
    grid = write_grid(tmp_path, lambda *_: 1.0, recipes=["norm-k256", "qk-k256"], seeds=[0], lengths=[4096], depths=[0])
    trainings = read_grid(grid)
    table = claims_table(paper_claims(trainings), trainings).set_index(["by", "task"])
    row = table.loc[("prompts", "keyed")]
    assert row[["difference", "gained", "lost", "p", "verdict"]].tolist() == [0, 0, 0, 1, "not decided"]
    assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(list(paired_difference(3, 0, 0, 0)))


def test_verdicts_need_both_the_interval_and_the_test():
    nan = float("nan")
    assert verdict(0.1, 0.3, 0.04) == "agrees"
    assert verdict(-0.3, -0.1, 0.04) == "opposite"
    for low, high, p in ((0.1, 0.3, 0.06), (-0.1, 0.3, 0.04), (nan, nan, 0.04), (0.1, 0.3, nan)):
        assert verdict(low, high, p) == "not decided"


def test_numbers_for_people(table):
    shown = claims_table_for_people(table.reset_index(), "trainings").set_index(["claim", "task"])
    row = shown.loc[("L = 3 over L = 5", "both")]
    assert row[["pairs", "least p", "p", "p, Holm", "paper, 530M"]].tolist() == ["2", "0.5000", "–", "–", "–"]
    assert claims_table_for_people(table.reset_index(), "prompts").columns.tolist()[2:6] == [
        "prompts",
        "difference (95 % interval)",
        "gained",
        "lost",
    ]
