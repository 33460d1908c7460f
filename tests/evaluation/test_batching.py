from lh_eval.evaluation.batching import batches
from lh_eval.evaluation.grid import Grid

GRID = Grid(task="passkey", lengths=(1024, 4096), depths=(0.0, 50.0, 100.0), trials=4)


def test_batches_hold_every_sample_once_and_one_length_each():
    made = batches(GRID, lambda length: 5)
    assert sorted(key for batch in made for key in batch) == sorted(GRID)
    assert all(len({length for _, length, *_ in batch}) == 1 for batch in made)


def test_several_trials_share_a_batch_where_they_fit():
    made = batches(GRID, {1024: 100, 4096: 6}.get)
    assert [(batch[0][1], len(batch)) for batch in made] == [(1024, 12), (4096, 6), (4096, 6)]


def test_small_batches_cover_the_grid_before_the_second_trials():
    made = batches(GRID, lambda length: 1)
    assert [key for (key,) in made] == list(GRID)
