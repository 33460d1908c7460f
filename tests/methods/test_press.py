"""The presses of KVPress; what needs kvpress is skipped where it is not installed."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from asking import Trees, tiny_llama

from lh_eval import evaluate, load_checkpoint
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.rows import iterate_rows
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.store.rows import to_frame

TOKENIZER = byte_tokenizer()
KEYS = [("trees", 300, depth, trial) for depth in (0.0, 100.0) for trial in range(4)]
needs_kvpress = pytest.mark.skipif(find_spec("kvpress") is None, reason="kvpress is not installed: docs/methods.md")


def rows(monkeypatch, spec, **options):
    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Trees(questions=2))
    method = METHODS.build(spec)
    frame = to_frame(iterate_rows(tiny_llama(), TOKENIZER, KEYS, method, reading=method.readings[-1], **options))
    assert frame["error"].isna().all(), frame["error"].dropna().iloc[0]
    return frame


def test_the_name_is_the_first_option():
    assert METHODS.spec("press:snapkv") == "press:name=snapkv"
    method = METHODS.build("press:adakv:snapkv,ratio=0.25")
    assert (method.name, method.ratio) == ("adakv:snapkv", 0.25)
    assert (method.family(), method.budget, method.folder_name()) == (
        "press:adakv:snapkv",
        0.25,
        "press_adakv_snapkv_ratio_0.25",
    )
    with pytest.raises(InputError, match="ratio of method 'press' must be at least 0 and less than 1, got 1"):
        METHODS.build("press:snapkv,ratio=1")


@pytest.mark.skipif(find_spec("kvpress") is not None, reason="kvpress is installed")
def test_without_kvpress_a_line_says_how_to_install_it():
    reason = METHODS.build("press:snapkv").check(tiny_llama())
    assert reason.startswith("kvpress must be installed for a press, got ")
    assert 'pip install --no-deps kvpress==0.5.5 "cachetools<6" "fire<0.7" termcolor' in reason


@needs_kvpress
@pytest.mark.parametrize("spec", ["press:knorm,ratio=0", "press:snapkv,ratio=0", "press:adakv:knorm,ratio=0"])
def test_a_press_that_drops_nothing_is_dense(monkeypatch, spec):
    pressed, dense = rows(monkeypatch, spec), rows(monkeypatch, "dense")
    np.testing.assert_allclose(pressed["answer_logprob"], dense["answer_logprob"], atol=1e-3)
    assert (pressed["selection_recall"] == 1).all()


@needs_kvpress
@pytest.mark.parametrize(
    "spec", ["press:knorm", "press:snapkv", "press:adakv:snapkv", "press:pyramidkv", "press:random"]
)
def test_rows_do_not_depend_on_the_batch(monkeypatch, spec):
    alone, together = rows(monkeypatch, spec, batch_size=1), rows(monkeypatch, spec)
    np.testing.assert_allclose(alone["answer_logprob"], together["answer_logprob"], atol=1e-3)
    assert alone["selection_recall"].equals(together["selection_recall"])
    assert alone["selection_recall"].between(0, 1).all()
    assert alone["selection_recall"].mean() < 1


@needs_kvpress
@torch.no_grad()
def test_what_is_kept_and_where_the_question_begins():
    model, ids = tiny_llama(), torch.randint(256, (2, 200), generator=torch.Generator().manual_seed(0))
    seen = {}
    with METHODS.build("press:knorm,ratio=0.25").attach(
        model, lambda layer, kept: seen.update({layer: kept})
    ) as reader:
        filled = reader.prefill(ids)
    assert filled.tokens == 200
    assert filled.cache.get_seq_length() == 150
    assert seen.keys() == {0, 1, 2, 3}
    dense = model(ids, use_cache=True).past_key_values
    for layer, kept in seen.items():
        for head in range(4):
            mine = dense.layers[layer].keys[1, head // 2, kept[1, head]]
            held = filled.cache.layers[layer].keys[1, head // 2]
            torch.testing.assert_close(mine.sum(0), held.sum(0), rtol=1e-4, atol=1e-4)


@needs_kvpress
def test_presses_that_cannot_be_made_or_run_say_why():
    model = tiny_llama()
    assert "press must be one of" in METHODS.build("press:snapvk").check(model)
    for spec in ("press:think", "press:duo_attention"):
        assert METHODS.build(spec).check(model).count("\n") == 0
    assert METHODS.build("press:snapkv").check(model) is None


@needs_kvpress
def test_the_shipped_checkpoint_under_a_press():
    frame = evaluate(
        load_checkpoint(device="cpu"),
        task="passkey",
        lengths=[1024],
        depths=[0, 50, 100],
        trials=2,
        setting="press:snapkv",
    )
    assert frame["error"].isna().all()
    assert frame["score"].mean() >= 0.8
    assert frame["reading"].unique().tolist() == ["context"]
