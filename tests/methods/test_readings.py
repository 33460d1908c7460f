"""How prompts are read: at once, as in training, or the context alone."""

import pytest
import torch
from asking import Trees, tiny_llama

from lh_eval import evaluate, load_checkpoint, use_lighthouse
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.engine.rows import iterate_rows
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.modeling.session import Session
from lh_eval.runs.setting import Setting
from lh_eval.store.rows import to_frame
from lh_eval.tasks.base import get_task

MODEL = tiny_llama()
METHOD = Lighthouse(k=16, num_levels=2, dense_layers=(0, -1))
TOKENIZER = byte_tokenizer()


def rows(monkeypatch, task, method, reading):
    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: task)
    keys = [("trees", 200, depth, trial) for depth in (0.0, 100.0) for trial in range(2)]
    return to_frame(iterate_rows(MODEL, TOKENIZER, keys, method, reading=reading))


@pytest.mark.parametrize("reading", ["prompt", "context"])
@torch.no_grad()
def test_log_probabilities_are_those_of_the_reading(monkeypatch, reading):
    task = Trees(max_new_tokens=8)
    for row in rows(monkeypatch, task, METHOD, reading).itertuples():
        sample = task.sample(TOKENIZER, length=200, depth=row.depth, trial=row.trial)
        answer = TOKENIZER.encode(f" {sample.answer}")
        first, rest = (sample.context_ids, sample.question_ids) if reading == "context" else (sample.prompt_ids, [])
        with use_lighthouse(MODEL, METHOD, dense_layers=METHOD.dense_layers):
            read = MODEL(torch.tensor([first]))
        cache, logits = read.past_key_values, read.logits[:, -1:]
        follows = [*rest, *answer[:-1]]
        after = MODEL(torch.tensor([follows]), past_key_values=cache).logits  # densely, outside of the block
        scored = torch.cat([logits, after], dim=1)[0, -len(answer) :]
        expected = scored.log_softmax(-1)[range(len(answer)), answer]
        assert row.first_token_logprob == pytest.approx(expected[0].item(), abs=2e-4)
        assert row.answer_logprob == pytest.approx(expected.sum().item(), abs=1e-3)


def test_the_answer_is_never_there_when_entries_are_selected(monkeypatch):
    lengths, prefill = [], Session.prefill

    def spy(session, ids, *before, **wanted):
        lengths.append(ids.shape[1])
        return prefill(session, ids, *before, **wanted)

    monkeypatch.setattr(Session, "prefill", spy)
    rows(monkeypatch, Trees(max_new_tokens=8), METHOD, "prompt")
    assert set(lengths) == {200}


@pytest.mark.parametrize("spec", ["dense", "window:tokens=2000"])
def test_a_causal_method_that_sees_everything_reads_alike(monkeypatch, spec):
    prompt, context = (rows(monkeypatch, Trees(), METHODS.build(spec), reading) for reading in ("prompt", "context"))
    assert prompt["answer_logprob"].tolist() == pytest.approx(context["answer_logprob"].tolist(), abs=1e-3)


def test_the_question_sees_the_window_in_the_prompt_and_everything_after_the_context(monkeypatch):
    window = METHODS.build("window:tokens=40,sinks=0")
    prompt, context = (rows(monkeypatch, Trees(), window, reading) for reading in ("prompt", "context"))
    early = prompt["depth"] == 0
    assert (prompt["selection_recall"][early] == 0).all()
    assert not prompt["answer_logprob"].equals(context["answer_logprob"])


def test_recall_counts_every_layer_under_the_method_the_last_too(monkeypatch):
    everywhere = Lighthouse(k=16, num_levels=2, scorer="recency", dense_layers=())
    for reading in ("prompt", "context"):
        for row in rows(monkeypatch, Trees(), everywhere, reading).itertuples():
            layers = {layer for layer, _ in row.dropped}
            assert layers <= {0, 1, 2, 3}
            assert (row.selection_recall < 1) == bool(layers)
            if row.depth == 0:
                assert layers == {0, 1, 2, 3}


def test_selection_decides_only_where_the_prompt_is_read_under_it():
    checkpoint = load_checkpoint(device="cpu")
    grid = {
        "task": "passkey",
        "lengths": [4096],
        "depths": [15, 50],
        "trials": 2,
        "setting": "lighthouse:k=128,scorer=random",
    }
    prompt, context = (evaluate(checkpoint, reading=reading, **grid) for reading in ("prompt", "context"))
    assert context["score"].mean() == 1.0
    assert prompt["score"].mean() < 0.8


def test_readings_that_a_method_does_not_have_are_refused():
    with pytest.raises(InputError, match=r"reading must be context under press:name=knorm, got 'prompt'; leave it out"):
        Setting("press:knorm", "prompt")
    assert Setting("press:knorm").reading == "context"
    with pytest.raises(InputError, match="reading must be one of context, prompt, got 'both'"):
        Setting("dense", "both")


def test_rows_say_how_they_were_read():
    frame = evaluate(load_checkpoint(device="cpu"), task="passkey", lengths=[256], depths=[50], trials=1)
    assert frame["reading"].tolist() == ["prompt"]
    assert get_task("passkey") == get_task("passkey:")


def test_rows_keep_how_many_tokens_the_last_coarsest_entry_lacks(monkeypatch):
    remainders = {}
    for reading in ("prompt", "context"):
        frame = rows(monkeypatch, Trees(), METHOD, reading)
        read = 200 if reading == "prompt" else frame["context_tokens"]
        remainders[reading] = frame["remainder"].tolist()
        assert (frame["remainder"] == read % METHOD.window).all()
    assert remainders["prompt"] != remainders["context"]
    assert rows(monkeypatch, Trees(), METHODS.build("window:tokens=64"), "prompt")["remainder"].isna().all()


def test_the_question_has_a_membership_where_it_is_read_under_the_method(monkeypatch):
    asked = rows(monkeypatch, Trees(), METHOD, "prompt")
    alone = rows(monkeypatch, Trees(), METHOD, "context")
    assert asked[["question_recall", "last_token_recall"]].notna().all().all()
    assert alone[["question_recall", "last_token_recall", "question_levels"]].isna().all().all()
    for levels in (*asked["needle_levels"], *asked["question_levels"], *alone["answer_levels"]):
        assert len(levels) == METHOD.num_levels
        assert 0 < sum(levels) < 1 + 1e-9
    window = rows(monkeypatch, Trees(), METHODS.build("window:tokens=64"), "prompt")
    assert (window["question_recall"] == 1).all()
    assert window["question_levels"].tolist() == [(1.0,)] * len(window)
