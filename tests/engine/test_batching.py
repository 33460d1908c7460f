from collections import Counter

from asking import tiny_llama

from lh_eval.engine import batching
from lh_eval.engine.batching import answers_at_once, batches
from lh_eval.engine.sharing import Sharing
from lh_eval.runs.grid import Grid

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


def test_questions_of_one_context_stay_together_however_many():
    for size in (1, 2, 5, 12):
        made = batches(GRID, lambda length, size=size: size, Sharing(questions=2))
        assert sorted(key for batch in made for key in batch) == sorted(GRID)
        for batch in made:
            asked = Counter((length, depth, trial // 2) for _, length, depth, trial in batch)
            assert set(asked.values()) == {2}
            assert len(asked) <= size


def test_batches_go_through_the_depths_of_the_same_trials():
    made = batches(GRID, lambda length: 3, Sharing(by_depth=True))
    of_length = [[key[2:] for key in batch] for batch in made if batch[0][1] == 1024]
    assert of_length == [
        [(depth, trial) for depth in (0.0, 50.0, 100.0) for trial in trials] for trials in ([0, 1, 2], [3])
    ]


def test_answers_together_take_two_fifths_of_the_free_memory(monkeypatch):
    model = tiny_llama()  # a token's keys and values: 2 x 4 layers x 2 heads x 8 x 4 bytes
    for free, rows in ((100 * 512 * 15 // 2, 3), (10, 1), (2**40, 8)):
        monkeypatch.setattr(batching, "_free_bytes", lambda _, free=free: free)
        assert answers_at_once(model, 100) == rows
