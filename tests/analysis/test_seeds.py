import pytest

from lh_eval import InputError
from lh_eval.analysis.seeds import over_seeds, read_seeded, seeded_cells, training_means

NORM = {"scorer": "norm", "k": 256}


def found(paths):
    return [(one.recipe, one.seed) for one in read_seeded(paths)]


def test_a_recipe_is_what_folders_share_but_for_the_seed_that_config_names(make_run, tmp_path):
    for seed in (1, 0):
        for recipe in ("norm-k256", "qk"):
            make_run(f"t-s0/{recipe}-s{seed}/dense", provenance={"training_seed": seed})
            make_run(f"t-s0/{recipe}-s{seed}/norm-k256", attention=NORM, provenance={"training_seed": seed})
    folder = tmp_path / "t-s0"
    assert found(folder.glob("*/dense")) == [("norm-k256", 0), ("norm-k256", 1), ("qk", 0), ("qk", 1)]
    assert found(folder.glob("qk-*/dense")) == [("qk", 0), ("qk", 1)]
    both = found(sorted(folder.glob("norm-*")))
    assert both == [(name, seed) for name in ("dense", "norm-k256") for seed in (0, 1)]


def test_without_a_seed_in_config_the_last_folder_that_names_one_counts(make_run, tmp_path):
    for seed in (3, 12):
        make_run(f"seed9/norm/seed_{seed}/deep/dense")
    assert found([tmp_path / f"seed9/norm/seed_{seed}/deep" for seed in (3, 12)]) == [("norm", 3), ("norm", 12)]


def test_runs_that_do_not_go_together_are_refused(make_run):
    unknown = make_run("some/dense")
    with pytest.raises(InputError, match="must be of a training whose seed is known"):
        read_seeded([unknown])
    one, other = make_run("a-s0/dense"), make_run("a-s1/dense", task="keyed")
    with pytest.raises(InputError, match="must be of one task, got keyed, passkey"):
        read_seeded([one, other])
    with pytest.raises(InputError, match=r"must differ in recipe or training seed, got .*a-s0.*both of seed 0"):
        read_seeded([one, one])


def test_over_seeds_each_training_counts_the_same_and_its_spread_is_of_n_less_one(make_run):
    rates = {0: 1.0, 1: 0.0}
    paths = [make_run(f"a-s{seed}/dense", score=lambda *_, hit=hit: hit) for seed, hit in rates.items()]
    paths.append(make_run("b-s0/dense", depths=[0]))
    cells = seeded_cells(read_seeded(paths))
    assert training_means(cells).to_numpy().tolist() == [["a", 0, 1.0], ["a", 1, 0.0], ["b", 0, 1.0]]
    table = over_seeds(cells)
    ours = table[table["recipe"] == "a"]
    assert len(ours) == 4
    assert ours[["seeds", "n", "rate", "low", "high"]].drop_duplicates().to_numpy().tolist() == [[2, 4, 0.5, 0.0, 1.0]]
    assert ours[["sd", "mean_sd"]].to_numpy() == pytest.approx(0.5**0.5)
    assert table.loc[table["recipe"] == "b", ["sd", "mean_sd"]].isna().all(axis=None)
