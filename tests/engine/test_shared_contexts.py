"""Rows are the same whether what samples share is read once or each time, and whatever the batch."""

import dataclasses

import pytest
from asking import Trees, tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine import prompting
from lh_eval.engine.rows import iterate_rows
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.modeling.session import Session
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting
from lh_eval.store.equality import differing_fields
from lh_eval.store.rows import to_frame

GRID = Grid(task="trees", lengths=(160, 200), depths=(0.0, 40.0, 100.0), trials=4)
LIGHTHOUSE = Setting(Lighthouse(k=16, num_levels=2, dense_layers=(0, -1)), "context")
LLAMA = tiny_llama()


@pytest.fixture
def run(monkeypatch):
    """Rows of a task on GRID, and how many tokens of context were read for them."""

    def run(task, setting, *, done=(), **options):
        read = []
        prefill = Session.prefill

        def counting(session, ids, *before, **wanted):
            read.append(ids.numel())
            return prefill(session, ids, *before, **wanted)

        with monkeypatch.context() as patch:
            patch.setattr("lh_eval.engine.rows.get_task", lambda _: task)
            patch.setattr(Session, "prefill", counting)
            keys = [key for key in GRID if key not in done]
            options = {"reading": setting.reading, **options}
            frame = to_frame(iterate_rows(LLAMA, byte_tokenizer(), keys, setting.method, **options))
        assert frame["error"].isna().all()
        return frame.drop(columns="seconds"), sum(read)

    return run


@pytest.mark.parametrize("setting", [Setting(), LIGHTHOUSE], ids=["dense", "lighthouse"])
@pytest.mark.parametrize("task", [Trees(), Trees(questions=2), Trees(questions=3, scoring="choice")], ids=str)
def test_rows_are_the_same_without_sharing(run, task, setting):
    plain, all_tokens = run(task, setting, sharing=False, batch_size=1)
    for size in (1, 4, None):
        shared, tokens = run(task, setting, batch_size=size)
        assert not differing_fields(shared, plain)
        if task.questions > 1:
            assert tokens <= all_tokens * 0.6
        elif setting.method.causal:
            assert tokens <= all_tokens * 0.9
    assert plain["selection_recall"].isna().all() == setting.method.causal
    assert plain["prediction"].nunique() > 1


class UnequalTrees(Trees):
    """Questions of a length of their own, so that contexts end where they like."""

    def sample(self, tokenizer, *, length, trial, **where):
        spaces = [32] * trial
        sample = super().sample(tokenizer, length=length - trial, trial=trial, **where)
        return dataclasses.replace(sample, question_ids=spaces + sample.question_ids)


def test_trials_are_read_side_by_side_wherever_their_contexts_end_and_depths_are_answered_together(run, monkeypatch):
    asked, answer = [], prompting.answer
    monkeypatch.setattr(
        prompting, "answer", lambda *given, **more: asked.append(len(given[2])) or answer(*given, **more)
    )
    task = UnequalTrees()
    plain, all_tokens = run(task, Setting(), sharing=False, batch_size=1)
    assert asked == [1] * len(GRID)
    for size, rounds in ((None, [12] * 2), (4, [4] * 6)):
        asked.clear()
        shared, tokens = run(task, Setting(), batch_size=size)
        assert asked == rounds
        assert tokens <= all_tokens * 0.9
        assert not differing_fields(shared, plain)


def test_only_a_part_of_the_grid_may_be_left(run):
    done = {key for key in GRID if key[3] == 1 or key[2] == 40.0}
    plain, _ = run(Trees(questions=3), Setting(), sharing=False, done=done)
    shared, _ = run(Trees(questions=3), Setting(), done=done)
    assert len(shared) == len(GRID) - len(done)
    assert shared["prediction"].equals(plain["prediction"])
