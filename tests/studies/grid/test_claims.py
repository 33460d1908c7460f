import pytest
from tiny_grid import write_grid

from lh_eval.analysis.compare import compare
from lh_eval.statistics import paired_difference
from lh_eval.studies.grid.claims import as_text, claims_table, verdict
from lh_eval.studies.grid.paper import paper_claims, qk_over_norm, recipes_over_dense
from lh_eval.studies.grid.trainings import read_grid

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("few_resamples")]


@pytest.fixture(scope="module")
def grid(tiny_grid):
    return read_grid(tiny_grid)


@pytest.fixture(scope="module")
def table(grid, few_resamples):
    return claims_table(paper_claims(grid.trainings), grid).values.set_index(["by", "claim", "task"])


def test_trainings_are_what_varies(table, grid):
    """Hits of three more than norm, by k, levels and seed: 1, 0, 1, 2, 1."""
    row = table.loc[("trainings", "query-key over norm, equal k", "keyed")]
    assert row[["pairs", "observations"]].tolist() == [5, 5]
    assert row["difference"] == pytest.approx(5 / 15)
    assert row["least_p"] == 1 / 16
    pairs = qk_over_norm(grid.trainings).pairs
    frames = [[grid.samples[training, "keyed", "dense"] for training in pairs[side]] for side in ("base", "other")]
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
    assert row["p"] == 2 / 2**6, "a trial of a length is flipped at both depths"
    assert row[["open_cells", "all_cells"]].tolist() == [4, 4]
    assert row["ci_low"] < row["difference"] < row["ci_high"]
    assert table.loc[("prompts", "query-key over norm, equal k", "both")]["p"] == 2 / 2**12


def test_one_dense_training_is_one_observation_however_many_it_is_compared_with(table):
    row = table.loc[("trainings", "two stages over dense from scratch", "both")]
    assert row[["pairs", "observations", "least_p"]].tolist() == [10, 2, 0.5]
    # seed 0: hits 1, 2, 2, 3, 0, 1 against 2; seed 1: 1, 1, 1, 3 against 2
    assert row["difference"] == pytest.approx((-0.5 - 0.5) / 2 / 3)
    assert row["p"] != row["p"]
    assert row["verdict"] == "not decided"


def test_holm_is_over_the_claims_of_a_task(table):
    rows = table.xs("prompts").xs("both", level="task")
    least = rows["p"].idxmin()
    assert rows["p_holm"][least] == pytest.approx(4 * rows["p"][least])
    assert (rows["verdict"] == "more").equals((rows["p_holm"] < 0.05) & (rows["ci_low"] > 0))
    assert rows["verdict"][least] == "more"


def test_the_paper_says_nothing_of_another_task(table):
    assert table.xs("keyed", level="task")["paper"].isna().all()
    assert table.loc[("prompts", "larger k over smaller", "passkey")]["paper"] == pytest.approx(0.05)


def test_a_recipe_over_dense(grid):
    table = claims_table(recipes_over_dense(grid.trainings)[:1], grid).values.set_index(["by", "task"])
    row = table.loc[("prompts", "keyed")]
    assert row[["gained", "lost"]].tolist() == [0, 4]  # two of three against one of three, in four cells
    assert row["difference"] == pytest.approx(-1 / 3)


def test_equal_sides_have_newcombes_interval(tmp_path):
    grid = write_grid(tmp_path, lambda *_: 1.0, recipes=["norm-k256", "qk-k256"], seeds=[0], lengths=[4096], depths=[0])
    found = read_grid(grid)
    table = claims_table(paper_claims(found.trainings), found).values.set_index(["by", "task"])
    row = table.loc[("prompts", "keyed")]
    assert row[["difference", "gained", "lost", "p", "verdict"]].tolist() == [0, 0, 0, 1, "not told apart"]
    assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(list(paired_difference(3, 0, 0, 0)))
    assert row[["open_cells", "all_cells"]].tolist() == [0, 1], "where all is found nothing can differ"


def test_verdicts_need_both_the_interval_and_the_test():
    nan = float("nan")
    for by, more, fewer, neither in (
        ("trainings", "agrees", "opposite", "not decided"),
        ("prompts", "more", "fewer", "not told apart"),
    ):
        assert verdict(by, 0.1, 0.3, 0.04) == more
        assert verdict(by, -0.3, -0.1, 0.04) == fewer
        for low, high, p in ((0.1, 0.3, 0.06), (-0.1, 0.3, 0.04), (nan, nan, 0.04), (0.1, 0.3, nan)):
            assert verdict(by, low, high, p) == neither


def test_numbers_for_people(table):
    shown = as_text(table.reset_index(), "trainings").set_index(["claim", "task"])
    row = shown.loc[("L = 3 over L = 5", "both")]
    assert row[["pairs", "least p", "p", "p, Holm", "paper, 530M"]].tolist() == ["2", "0.5000", "–", "–", "–"]
    assert as_text(table.reset_index(), "prompts").columns.tolist()[2:7] == [
        "prompts",
        "open cells",
        "difference (95 % interval)",
        "gained",
        "lost",
    ]


def test_what_prompts_say_is_of_checkpoints_not_of_the_papers_claims(table):
    shown = as_text(table.reset_index(), "prompts")
    assert "these checkpoints" in shown
    assert not {"paper, 530M", "verdict"} & set(shown)
    assert set(shown["these checkpoints"]) <= {"more", "fewer", "not told apart"}
