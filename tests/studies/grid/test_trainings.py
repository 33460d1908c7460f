import shutil

import pytest
from tiny_grid import write_grid, write_training

from lh_eval import InputError
from lh_eval.store.files import read_json, write_json
from lh_eval.studies.grid.trainings import ATTENTIONS, read_grid


def half(*_):
    return 0.5


@pytest.fixture
def grid(tmp_path):
    return write_grid(tmp_path / "grid", half, recipes=["qk-k256"], seeds=[0, 1], lengths=[4096], depths=[0], trials=2)


def test_recipes_are_read_from_the_trainings_and_sorted(tiny_grid):
    grid = read_grid(tiny_grid)
    assert [(recipe, len(group)) for recipe, group in grid.recipes.items()] == [
        ("dense", 2),
        ("norm k=256 L=3", 2),
        ("norm k=384 L=3", 2),
        ("qk k=256 L=3", 2),
        ("qk k=384 L=3", 2),
        ("norm k=256 L=5", 1),
        ("qk k=256 L=5", 1),
    ]
    assert set(grid.trainings["longest"]) == {16384}
    assert grid.tasks == ["passkey", "keyed"]
    assert grid.scopes == {"passkey": ["passkey"], "keyed": ["keyed"], "both": ["passkey", "keyed"]}
    everyone = grid.trainings.index
    assert grid.evaluated(everyone, grid.tasks) == [*everyone]
    assert grid.evaluated(everyone, grid.tasks, ATTENTIONS) == [*everyone[grid.trainings["scorer"] != "dense"]]


def test_names_of_folders_say_nothing(grid):
    for folder in (grid / "training", grid / "passkey", grid / "keyed"):
        (folder / "qk-k256-s0").rename(folder / "z")
        (folder / "qk-k256-s1").rename(folder / "norm-k384-s0")
    names = ["recipe", "scorer", "k", "num_levels", "seed"]
    found = read_grid(grid).trainings[names].to_numpy().tolist()
    assert found == [["qk k=256 L=3", "qk", 256, 3, seed] for seed in (0, 1)]


def test_final_losses_are_of_the_last_rows(grid):
    table = read_grid(grid).trainings
    losses = table.loc[0, ["loss", "loss_text", "loss_keyed", "held_out"]].tolist()
    assert losses == pytest.approx([1 / 6, 2 / 6, float("nan"), 3 / 6], nan_ok=True)
    assert table.loc[1, "held_out"] == pytest.approx(3 * (1 / 6 + 0.01))


def test_speeds_are_of_the_longest_sequences_without_the_first_row_of_a_stretch(grid):
    """Stages of two steps, dense, Lighthouse, dense; 16K from the fourth step on: only the sixth is no first row."""
    speeds = ["tokens_per_second_dense", "tokens_per_second_lighthouse"]
    assert read_grid(grid).trainings.loc[0, speeds].tolist() == pytest.approx([1060, float("nan")], nan_ok=True)
    file = grid / "training" / "qk-k256-s0" / "loss.csv"
    head, *rows = file.read_text().splitlines()
    speed = head.split(",").index("tokens_per_second")
    more = [",".join([*rows[3].split(",")[:speed], value, *rows[3].split(",")[speed + 1 :]]) for value in "579"]
    file.write_text("\n".join([head, *rows[:4], *more, *rows[4:]]) + "\n")
    assert read_grid(grid).trainings.loc[0, speeds].tolist() == [1060, 7]


def test_what_was_not_evaluated_is_there_without_runs(grid):
    shutil.rmtree(grid / "keyed")
    write_training(grid / "training" / "dense-s0", "dense", 0)
    found = read_grid(grid)
    assert found.trainings["recipe"].tolist() == ["dense", "qk k=256 L=3", "qk k=256 L=3"]
    assert found.trainings["weights"].isna().tolist() == [True, False, False]
    assert found.evaluated([0, 1, 2], ["passkey"]) == [1, 2]
    assert found.scopes == {"passkey": ["passkey"]}


def test_grids_that_do_not_add_up_are_refused(grid, tmp_path):
    with pytest.raises(InputError, match=r"grid must hold training/<name>/train\.json"):
        read_grid(tmp_path)
    write_training(grid / "training" / "again", "qk-k256", 1)
    with pytest.raises(InputError, match="must differ in recipe or seed, got qk k=256 L=3 with seed 1 twice"):
        read_grid(grid)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"provenance": {"training_seed": 1}}, "must be of the training with seed 0, got 1"),
        ({"model": {"name": "qk", "weights_sha256": "0"}}, "must be of the same weights as the other tasks"),
    ],
)
def test_evaluations_of_another_training_are_refused(grid, change, message):
    file = grid / "passkey" / "qk-k256-s0" / "qk-k256" / "config.json"
    write_json(file, read_json(file) | change)
    with pytest.raises(InputError, match=message):
        read_grid(grid)


def test_a_training_that_was_stopped_is_refused(grid):
    file = grid / "training" / "qk-k256-s0" / "loss.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(InputError, match=r"loss\.csv must go to step 6"):
        read_grid(grid)
    file.unlink()
    with pytest.raises(InputError, match=r"loss\.csv must be a readable loss curve"):
        read_grid(grid)
