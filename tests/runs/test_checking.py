import dataclasses
from types import SimpleNamespace

import pytest
from asking import Trees, tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.positions import positions
from lh_eval.errors import InputError
from lh_eval.runs import checking
from lh_eval.runs.checking import check_grid
from lh_eval.runs.grid import Grid

GRID = Grid(task="trees", lengths=(200, 300), depths=(0.0, 50.0, 100.0), trials=6)


@pytest.fixture
def check(monkeypatch):
    """Check a grid of a task, for a model of so many positions."""

    def check(task, *, most=None, beyond_positions=False, grid=GRID):
        monkeypatch.setattr(checking, "get_task", lambda _: task)
        config = SimpleNamespace(max_position_embeddings=most)
        model = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: config))
        check_grid(model, byte_tokenizer(), grid, beyond_positions=beyond_positions)

    return check


@dataclasses.dataclass(frozen=True)
class Few(Trees):
    """Fails from a trial on."""

    trials: int = 5
    error: type = InputError

    def sample(self, tokenizer, *, trial, **where):
        if trial >= self.trials:
            raise self.error(f"trial must be below {self.trials}, got {trial}")
        return super().sample(tokenizer, trial=trial, **where)


def test_more_trials_than_the_task_has_are_refused(check):
    check(Few(trials=6))
    with pytest.raises(InputError, match="trial must be below 5, got 5"):
        check(Few())


def test_a_bug_in_the_last_trial_is_left_to_its_row(check):
    check(Few(error=KeyError))
    with pytest.raises(KeyError):
        check(Few(trials=0, error=KeyError))


def test_prompt_and_answer_fit_into_the_positions_or_are_refused(check):
    check(Trees(max_new_tokens=5), most=305)
    with pytest.raises(
        InputError,
        match=r"lengths must be up to the model's max_position_embeddings 304 less 5 for the answer, got 300",
    ):
        check(Trees(max_new_tokens=5), most=304)
    check(Trees(max_new_tokens=5), most=304, beyond_positions=True)
    check(Trees(scoring="choice", max_new_tokens=0), most=300)
    check(Trees(), most=None)


def test_a_prompt_that_is_too_long_is_refused_unmade(check):
    with pytest.raises(InputError, match=r"max_position_embeddings 256, got 300; .*--beyond-positions"):
        check(None, most=256)


def test_a_tokenizer_without_an_end_is_refused_where_answers_are_generated(check, monkeypatch):
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    monkeypatch.setitem(globals(), "byte_tokenizer", lambda: tokenizer)
    check(Trees(scoring="choice", max_new_tokens=0))
    with pytest.raises(InputError, match="tokenizer must have an end-of-text token where answers are"):
        check(Trees())


def test_positions():
    assert positions(tiny_llama(max_position_embeddings=256)) == 256
    assert positions(SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: SimpleNamespace()))) is None
