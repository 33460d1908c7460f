import pytest
from asking import Trees

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.sharing import Plan, plan
from lh_eval.runs.grid import Grid
from lh_eval.tasks.base import get_task

GRID = Grid(task="trees", lengths=(200, 300), depths=(0.0, 50.0, 100.0), trials=6)


@pytest.mark.parametrize(
    ("task", "dense", "expected"),
    [
        (Trees(), True, Plan(1, True)),
        (Trees(), False, Plan(1, False)),
        (Trees(questions=3), True, Plan(3, True)),
        (Trees(questions=9), False, Plan(9, False)),
        (get_task("kv:questions=4"), False, Plan(4, False)),
        (get_task("passkey"), True, Plan(1, False)),
    ],
)
def test_what_samples_share_is_found(task, dense, expected):
    assert plan(task, byte_tokenizer(), GRID, dense=dense) == expected


def test_a_sample_that_cannot_be_made_shares_nothing_with_other_depths():
    assert plan(Trees(questions=2), None, GRID, dense=True) == Plan(2)
