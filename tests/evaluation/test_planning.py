from types import SimpleNamespace

import pytest
from asking import Trees, tiny_llama

from lh_eval.errors import InputError
from lh_eval.evaluation.grid import Grid
from lh_eval.evaluation.planning import Plan, check_positions, plan, positions
from lh_eval.models.byte_tokenizer import byte_tokenizer
from lh_eval.tasks.base import get_task

GRID = Grid(task="trees", lengths=(200, 300), depths=(0.0, 50.0, 100.0), trials=6)


@pytest.mark.parametrize(
    ("task", "dense", "expected"),
    [
        (Trees(), True, Plan(1, True)),
        (Trees(), False, Plan(1, False)),
        (Trees(questions=3), True, Plan(3, True)),
        (Trees(questions=9), False, Plan(6, False)),
        (get_task("passkey"), True, Plan(1, False)),
    ],
)
def test_what_samples_share_is_found(task, dense, expected):
    assert plan(task, byte_tokenizer(), GRID, dense=dense) == expected


def test_a_sample_that_cannot_be_made_plans_nothing():
    assert plan(Trees(), None, GRID, dense=True) == Plan()


def test_prompts_beyond_the_models_positions_are_refused_unless_wanted():
    model = tiny_llama(max_position_embeddings=256)
    with pytest.raises(
        InputError, match=r"lengths must be up to the model's max_position_embeddings 256, got 300; .*--"
    ):
        check_positions(model, GRID, beyond_positions=False)
    check_positions(model, GRID, beyond_positions=True)
    unlimited = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: SimpleNamespace()))
    assert positions(unlimited) is None
    check_positions(unlimited, GRID, beyond_positions=False)
