import pytest
from tiny_grid import write_grid

from lh_eval.studies.grid.losses import correlations, losses_table, points
from lh_eval.studies.grid.trainings import Grid, read_grid

pytestmark = pytest.mark.usefixtures("few_resamples")

RECIPES = ["dense", "norm-k256", "norm-k384", "qk-k256", "qk-k384", "norm-k256-l5"]
RATES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    """Six recipes, a seed each, that find more and more needles of passkey, and lose less and less on text."""

    def right(recipe, seed, task, length, depth):
        rate = RATES[RECIPES.index(recipe)]
        return rate if task == "passkey" else {0.1: 0.6, 0.2: 0.1, 0.3: 0.5}.get(rate, rate)

    found = read_grid(write_grid(tmp_path_factory.mktemp("grid"), right, recipes=RECIPES, seeds=[0], trials=10))
    held_out = [2 - found.samples[training, "passkey", "dense"].score.mean() for training in found.trainings.index]
    return Grid(found.trainings.assign(held_out=held_out), found.samples)


def test_a_row_has_losses_and_speeds(tiny_grid):
    table = losses_table(read_grid(tiny_grid)).values.set_index("recipe")
    row = table.loc["qk k=256 L=3"]
    assert row[["seeds", "held_out_by_seed"]].tolist() == ["0 1", "0.5 0.53"]
    assert row[["held_out", "loss_text"]].tolist() == pytest.approx([0.515, 2 * (1 / 6 + 0.005)])
    assert row[["loss_keyed", "tokens_per_second_lighthouse"]].isna().all()
    assert table.loc["dense", ["tokens_per_second_dense", "ratio_dense"]].tolist() == [1055, 1]
    assert row[["tokens_per_second_dense", "ratio_dense"]].tolist() == pytest.approx([1060, 1060 / 1055])


def test_numbers_for_people(tiny_grid):
    found = read_grid(tiny_grid)
    speeds = {"tokens_per_second_dense": 1_000_000, "tokens_per_second_lighthouse": 1_500_000}
    table = losses_table(Grid(found.trainings.assign(**speeds), found.samples))
    row = table.shown[""].text.set_index("recipe").loc["qk k=256 L=3"]
    assert row[["seeds", "each seed", "keyed"]].tolist() == ["0, 1", "0.500, 0.530", "–"]
    assert row[["tokens/s, Lighthouse", "tokens/s, dense"]].tolist() == ["1500 (1.50)", "1000 (1.00)"]


def test_points_have_a_loss_a_rate_and_its_interval(trainings):
    table = points(trainings).set_index(["task", "recipe"])
    row = table.loc["passkey", "qk k=384 L=3"]
    assert row[["held_out", "rate"]].tolist() == pytest.approx([1.5, 0.5])
    assert row["ci_low"] < 0.5 < row["ci_high"]
    assert table.loc["both", "dense"]["rate"] == pytest.approx((0.1 + 0.6) / 2)


def test_correlations_have_exact_p_values_and_holms(trainings):
    found = correlations(points(trainings)).set_index("task")
    assert found.loc["passkey", ["n", "tau", "rho"]].tolist() == pytest.approx([6, -1, -1])
    assert found.loc["passkey", "p"] == pytest.approx(2 / 720)  # one order of six and its reverse
    assert found.loc["passkey", "p_holm"] == pytest.approx(3 * 2 / 720)
    assert -1 < found.loc["keyed", "tau"] < 0 < found.loc["keyed", "p"] < 1


def test_equal_rates_are_tied_in_whichever_order_they_are_summed(tmp_path):
    rates = {"dense": [0.1, 0.2, 0.3, 0.0], "norm-k256": [0.3, 0.2, 0.1, 0.0]}
    places = [(4096, 0), (4096, 100), (8192, 0), (8192, 100)]
    grid = write_grid(
        tmp_path / "grid",
        lambda recipe, seed, task, length, depth: rates[recipe][places.index((length, depth))],
        recipes=list(rates),
        seeds=[0],
        trials=10,
    )
    assert points(read_grid(grid)).groupby("task")["rate"].nunique().tolist() == [1, 1, 1]


def test_the_note_says_what_is_decided(trainings):
    note = losses_table(trainings).shown[""].note
    assert "at 16,384 tokens" in note
    assert "passkey τ = −1.00 (n = 6, p 0.0028, after Holm 0.0083; Spearman's ρ = −1.00)" in note
    assert "p after Holm is below 0.05 for passkey and both tasks together. So few" in note


def test_too_few_trainings_are_not_correlated(trainings):
    note = losses_table(trainings.only([0, 1])).shown[""].note
    assert note.endswith("Too few trainings to correlate losses with retrieval.")
