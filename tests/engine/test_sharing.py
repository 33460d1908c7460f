import pytest
from asking import Trees

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.sharing import Sharing, sharing_of
from lh_eval.runs.grid import Grid
from lh_eval.tasks.base import get_task

GRID = Grid(task="trees", lengths=(200, 300), depths=(0.0, 50.0, 100.0), trials=6)


@pytest.mark.parametrize(
    ("task", "prefixes", "expected"),
    [
        (Trees(), True, Sharing(1, True)),
        (Trees(), False, Sharing(1, False)),
        (Trees(questions=3), True, Sharing(3, True)),
        (Trees(questions=9), False, Sharing(9, False)),
        (get_task("kv:questions=4"), False, Sharing(4, False)),
        (get_task("passkey"), True, Sharing(1, False)),
    ],
)
def test_what_samples_share_is_found(task, prefixes, expected):
    assert sharing_of(task, byte_tokenizer(), list(GRID), seed=0, prefixes=prefixes) == expected


def test_a_sample_that_cannot_be_made_shares_nothing_with_other_depths():
    assert sharing_of(Trees(questions=2), None, list(GRID), seed=0, prefixes=True) == Sharing(2)
