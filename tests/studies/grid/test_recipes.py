import pytest
from tiny_grid import write_grid

from lh_eval.statistics import mean_of_rates
from lh_eval.studies.grid.recipes import length_table, recipe_table
from lh_eval.studies.grid.trainings import Grid, read_grid

pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def trainings(tiny_grid):
    return read_grid(tiny_grid)


def test_a_row_has_its_recipe_rates_and_losses(trainings):
    table = recipe_table(trainings).values
    row = table[(table["scorer"] == "norm") & (table["k"] == 384)].iloc[0]
    assert row[["num_levels", "seeds"]].tolist() == [3, "0 1"]
    assert row["k_over_n"] == 384 / 16384
    for scope in ("passkey", "keyed", "both"):
        assert row[f"dense_{scope}"] == row[f"lighthouse_{scope}"] == pytest.approx(0.5)  # two and one of three
        assert row[f"dense_{scope}_low"] < 0.5 < row[f"dense_{scope}_high"]
        assert row[f"dense_{scope}_by_seed"] == "0.666667 0.333333"
    assert row[["dense_keyed_prompts", "dense_both_prompts"]].tolist() == [12, 24]
    assert row["dense_both_high"] - row["dense_both_low"] < row["dense_keyed_high"] - row["dense_keyed_low"]
    assert row["held_out"] == pytest.approx(3 * (1 / 6 + 0.005))
    assert row["loss_text"] == pytest.approx(2 * (1 / 6 + 0.005))
    assert len(row["weights"].split()) == 2


def test_numbers_for_people_are_of_the_dense_evaluation(trainings):
    shown = recipe_table(trainings).shown[""].text
    assert shown.columns.tolist() == [
        *["scorer", "k", "k/N", "L", "seeds", "passkey", "keyed", "both", "each seed", "paper", "held-out text"]
    ]
    row = shown[(shown["scorer"] == "norm") & (shown["k"] == "384")].iloc[0]
    assert row[["k/N", "each seed", "paper", "held-out text"]].tolist() == ["1:43", "0.67, 0.33", "0.72", "0.515"]


def test_dense_has_no_lighthouse(trainings):
    row = recipe_table(trainings).values.iloc[0]
    assert row["scorer"] == "dense"
    assert row[["k", "k_over_n", "num_levels", "lighthouse_both"]].isna().all()
    assert row["dense_both"] == pytest.approx(2 / 3)


def test_without_spread_the_interval_is_wilsons(tmp_path):
    grid = write_grid(tmp_path, lambda *_: 1.0, recipes=["dense"], seeds=[0], lengths=[4096], depths=[0, 100])
    row = recipe_table(read_grid(grid)).values.iloc[0]
    assert row[["dense_keyed_low", "dense_keyed_high"]].tolist() == list(mean_of_rates([3, 3], [3, 3]).interval)


def test_rates_by_length_pool_depths_and_seeds(trainings):
    table = length_table(trainings).values
    own = table[(table["task"] == "keyed") & (table["recipe"] == "norm k=384 L=3")]
    assert own[["length", "n"]].to_numpy().tolist() == [[4096, 12], [8192, 12]]
    mean = mean_of_rates([3, 3], [6, 6])
    assert own.iloc[0][["rate", "ci_low", "ci_high"]].tolist() == pytest.approx([mean.rate, *mean.interval])
    shown = length_table(trainings).shown[""].text
    assert shown.columns.tolist() == ["task", "recipe", "4K", "8K"]
    assert len(shown) == 14
    assert own["by_seed"].tolist() == ["0.666667 0.333333"] * 2
    of_recipe = shown[(shown["task"] == "keyed") & (shown["recipe"] == "norm k=384 L=3")].iloc[0]
    assert of_recipe["4K"] == "0.50 (0.67, 0.33)", "what the trainings do, not an interval of all their samples"


def test_a_length_that_one_recipe_lacks_is_a_dash(trainings):
    first = {key: rows[rows["length"] == 4096] if key[0] == 0 else rows for key, rows in trainings.samples.items()}
    shown = length_table(Grid(trainings.trainings.drop(index=1), first)).shown[""].text
    assert shown.iloc[0]["8K"] == "–"
