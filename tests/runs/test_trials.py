"""Grids whose needles would lie elsewhere than their depths say, or that would count a prompt twice."""

import re

import pytest
from asking import Trees

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.errors import InputError
from lh_eval.runs.grid import Grid
from lh_eval.runs.trials import check_trials, fault_of
from lh_eval.tasks.base import get_task

TOKENIZER = byte_tokenizer()


def grid_of(task="niah_multikey_2", length=512, depths=(0, 50, 100), trials=3, **options):
    return Grid(task=task, lengths=(length,), depths=depths, trials=trials, **options)


def check(grid):
    check_trials(get_task(grid.task), TOKENIZER, grid)


def test_the_shortest_length_is_named_and_works():
    grid = grid_of()
    with pytest.raises(InputError, match=r"got 512 with the needle of trial \d [\d.]+ points off depth 50; ") as error:
        check(grid)
    assert "\n" not in str(error.value)
    least = int(re.search(r"lengths must be at least (\d+) for these depths and trials", str(error.value))[1])
    assert 512 < least < 4096
    check(grid_of(length=least))
    assert "points off" in fault_of(get_task(grid.task), TOKENIZER, grid, least - 1)


def test_the_tolerance_is_the_grids():
    check(grid_of(depth_tolerance=40))
    check(grid_of(task="passkey", length=1024))
    with pytest.raises(InputError, match="points off depth 50"):
        check(grid_of(task="passkey", length=1024, depth_tolerance=0.01))
    with pytest.raises(InputError, match="depth_tolerance must be from 0 to 100 points, got -1"):
        grid_of(depth_tolerance=-1)


def test_depths_at_one_place_are_refused():
    with pytest.raises(
        InputError, match=r"got 1024 with the prompt of trial (\d) at depth 50.1 that trial \1 has at depth 50;"
    ) as error:
        check(grid_of(task="niah_single_1", length=1024, depths=(50, 50.1)))
    least = int(re.search(r"at least (\d+)", str(error.value))[1])
    check(grid_of(task="niah_single_1", length=least, depths=(50, 50.1)))


def test_a_prompt_counts_once():
    class Two(Trees):
        def sample(self, tokenizer, *, trial, **where):
            return super().sample(tokenizer, trial=trial % 2, **where)

    for trials, said in ((2, None), (3, "the prompt of trial 2 at depth 0 that trial 0 has at depth 0")):
        assert fault_of(Two(), TOKENIZER, grid_of(trials=trials), 400) == said
    with pytest.raises(InputError, match="and no longer one was found without; take others, fewer trials"):
        check_trials(Two(), TOKENIZER, grid_of())


def test_trials_that_a_cell_may_get_later_count():
    class Seven(Trees):
        def sample(self, tokenizer, *, trial, **where):
            return super().sample(tokenizer, trial=trial % 7, **where)

    assert fault_of(Seven(), TOKENIZER, grid_of(trials=7), 400) is None
    assert "trial 7" in fault_of(Seven(), TOKENIZER, grid_of(trials=3, until_ci=0.1, max_trials=8), 400)
