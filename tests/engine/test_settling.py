"""Rows have the settling depths of the tokens that they score, whatever is shared, and are the same rows without."""

import pytest
import torch
from asking import Trees, tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine import rows as module
from lh_eval.engine.rows import iterate_rows
from lh_eval.methods.base import METHODS
from lh_eval.modeling.settling import Lens, Settling
from lh_eval.store.equality import differing_fields
from lh_eval.store.rows import Row, to_frame

TOKENIZER = byte_tokenizer()
LLAMA = tiny_llama()
SETTLING = Settling(threshold=0.3)
KEYS = [("trees", 150, depth, trial) for trial in range(2) for depth in (0.0, 100.0)]


def rows(monkeypatch, task, setting="dense", reading="prompt", settling=SETTLING, **options):
    monkeypatch.setattr(module, "get_task", lambda _: task)
    return list(
        iterate_rows(LLAMA, TOKENIZER, KEYS, METHODS.build(setting), reading=reading, settling=settling, **options)
    )


def plain(prompt, told):
    """Depths of a text's tokens in one plain forward pass."""
    lens = Lens(LLAMA, SETTLING)
    with torch.inference_mode(), lens.attached():
        LLAMA(torch.tensor([prompt + told]))
    return tuple(lens.take(1)[0, len(prompt) - 1 : -1].tolist())


@pytest.mark.parametrize("options", [{}, {"batch_size": 1}, {"sharing": False}], ids=["shared", "one", "apart"])
@pytest.mark.parametrize("task", [Trees(), Trees(questions=2)], ids=["one question", "two questions"])
def test_depths_are_those_of_a_forward_pass(monkeypatch, task, options):
    made = rows(monkeypatch, task, **options)
    for row in made:
        sample = task.sample(TOKENIZER, length=150, depth=row.depth, trial=row.trial)
        told = TOKENIZER.encode(f" {sample.answer}")
        assert row.answer_settling == plain(sample.prompt_ids, told)
        with torch.inference_mode():
            ids = torch.tensor([sample.prompt_ids])
            said = LLAMA.generate(ids, max_new_tokens=5, do_sample=False, pad_token_id=256)[0, 150:].tolist()
        assert row.prediction_settling == plain(sample.prompt_ids, said)
    assert len({row.answer_settling for row in made}) > 1


@pytest.mark.parametrize("setting", ["lighthouse:k=16,tile_k=16,dense_layers=0", "window:tokens=32"])
def test_rows_are_the_same_without_and_one_by_one(monkeypatch, setting):
    with_depths = to_frame(rows(monkeypatch, Trees(), setting))
    alone = to_frame(rows(monkeypatch, Trees(), setting, batch_size=1))
    assert not differing_fields(with_depths, alone)
    without = to_frame(rows(monkeypatch, Trees(), setting, settling=None))
    assert set(differing_fields(with_depths, without)) == {"answer_settling", "prediction_settling"}
    assert without["answer_settling"].isna().all()


def test_a_choice_has_one_row(monkeypatch):
    for row in rows(monkeypatch, Trees(scoring="choice")):
        assert len(row.answer_settling) == 1
        assert row.prediction_settling is None


def test_a_batch_that_failed_leaves_nothing_behind(monkeypatch):
    expected = [row.answer_settling for row in rows(monkeypatch, Trees(), batch_size=2)]
    real, calls = module.SampleRunner.rows.__globals__["check_answer"], []

    def fail_first(answer):
        calls.append(answer)
        if len(calls) == 1:
            raise RuntimeError("once")
        real(answer)

    monkeypatch.setitem(module.SampleRunner.rows.__globals__, "check_answer", fail_first)
    assert [row.answer_settling for row in rows(monkeypatch, Trees(), batch_size=2)] == expected


def test_rows_of_before_have_none(make_row):
    line = (
        make_row()
        .to_json()
        .replace('"answer_settling": null, ', "")
        .replace('"prediction_settling": null', '"error": null')
    )
    assert "settling" not in line
    assert Row.from_json(line).answer_settling is None
    row = make_row(answer_settling=[3, 4], prediction_settling=[])
    assert Row.from_json(row.to_json()) == row
