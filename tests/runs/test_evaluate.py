"""The loop over samples: the shipped checkpoint retrieves, and rows do not depend on how they were run."""

import copy
import dataclasses
import json

import numpy as np
import pytest
from transformers import GPT2Config, GPT2LMHeadModel

from lh_eval import evaluate
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.engine import samples as module
from lh_eval.errors import InputError
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.runs.grid import Grid
from lh_eval.store.equality import differing_fields
from lh_eval.tasks.passkey import Passkey

LIGHTHOUSE = {"setting": Lighthouse(k=64, dense_layers=(0, -1))}


@pytest.fixture(scope="module")
def checkpoint():
    return load_checkpoint(device="cpu")


def rows(checkpoint, **options):
    options = {"task": "passkey", "lengths": [256, 512], "depths": [0, 50, 100], "trials": 2, **options}
    return evaluate(checkpoint, **options).drop(columns="seconds")


def assert_same_rows(left, right):
    assert not differing_fields(left, right)


@pytest.mark.parametrize("task", ["passkey", "keyed:records=4"])
def test_the_shipped_checkpoint_retrieves(checkpoint, task):
    frame = rows(checkpoint, task=task, lengths=[1024])
    assert frame["score"].mean() >= 0.8
    assert (frame["true_depth"] == 100 * frame["needle_start"] / frame["context_tokens"]).all()
    assert (frame["true_depth"] - frame["depth"])[frame["depth"] == 50].abs().max() < 2
    assert (frame["needle_end"] == frame["context_tokens"])[frame["depth"] == 100].all()


@pytest.mark.parametrize("lighthouse", [{}, LIGHTHOUSE], ids=["dense", "lighthouse"])
def test_what_it_generates_is_what_it_chooses(checkpoint, monkeypatch, lighthouse):
    class Generated(Passkey):
        def sample(self, tokenizer, **where):
            chosen = super().sample(tokenizer, **where)
            return dataclasses.replace(chosen, scoring="any", choices=[], choice_ids=[], max_new_tokens=1)

    chosen = rows(checkpoint, lengths=[1024], **lighthouse)
    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Generated())
    generated = rows(checkpoint, lengths=[1024], **lighthouse)
    assert generated["score"].mean() >= 0.8
    assert generated["prediction"].equals(chosen["prediction"])
    assert generated["selection_recall"].equals(chosen["selection_recall"])
    assert (set(generated["scoring"]), set(chosen["scoring"])) == ({"any"}, {"choice"})
    assert (chosen["rank"] == 1).tolist() == (chosen["score"] == 1).tolist()
    assert generated["rank"].isna().all()


class Judged(Passkey):
    """Passkey whose answer is generated and judged by the rule "prefix"."""

    def sample(self, tokenizer, **where):
        chosen = super().sample(tokenizer, **where)
        return dataclasses.replace(chosen, scoring="prefix", choices=[], choice_ids=[], max_new_tokens=1)


def test_a_rule_of_another_package_judges(checkpoint, monkeypatch, bring_rule):
    class Halved:
        """Half a point for an answer."""

        def score(self, prediction, answers):
            return 0.5 * (prediction.strip() in answers)

    bring_rule("prefix", Halved)
    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Judged())
    frame = rows(checkpoint, lengths=[512], depths=[100])
    assert frame["scoring"].tolist() == ["prefix"] * 2
    assert set(frame["score"]) == {0.5}


def test_a_rule_that_is_not_there_is_each_rows_error(checkpoint, monkeypatch):
    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Judged())
    frame = rows(checkpoint, lengths=[256], depths=[100])
    assert frame["score"].isna().all()
    assert frame["error"].str.contains("scoring must be one of all, any, .*, got 'prefix'").all()


@pytest.mark.parametrize("lighthouse", [{}, LIGHTHOUSE], ids=["dense", "lighthouse"])
def test_rows_do_not_depend_on_batch_size_or_run(checkpoint, lighthouse):
    alone = rows(checkpoint, batch_size=1, **lighthouse)
    assert_same_rows(alone, rows(checkpoint, batch_size=3, **lighthouse))
    assert_same_rows(alone, rows(checkpoint, **lighthouse))


def test_rows_do_not_depend_on_the_other_cells(checkpoint):
    all_cells = rows(checkpoint)
    one = rows(checkpoint, lengths=[512], depths=[50])
    assert_same_rows(one, all_cells.query("length == 512 and depth == 50").reset_index(drop=True))


def test_selection_recall_is_high_where_all_is_kept_and_absent_when_dense(checkpoint):
    everything = rows(checkpoint, lengths=[256], setting="lighthouse:k=2048")
    assert (everything["selection_recall"] == 1).all()
    few = rows(checkpoint, lengths=[512], setting="lighthouse:k=16,scorer=random")
    assert few["selection_recall"].mean() < 1
    layers = 4 - 2  # the first and the last stay dense
    heads = checkpoint.model.config.num_attention_heads
    lost = [sum(len(of_layer) for _, of_layer in dropped) for dropped in few["dropped"]]
    assert [1 - count / (layers * heads) for count in lost] == pytest.approx(few["selection_recall"].tolist())
    assert rows(checkpoint, lengths=[256])["selection_recall"].isna().all()


def test_a_sample_that_fails_costs_no_other(checkpoint, monkeypatch):
    run_batch = module.run_batch

    def failing(prefiller, tokenizer, samples, **options):
        if any(sample.depth > 80 for sample in samples):
            raise RuntimeError("out of\nluck \ud800")
        return run_batch(prefiller, tokenizer, samples, **options)

    monkeypatch.setattr(module, "run_batch", failing)
    frame = rows(checkpoint, lengths=[256], batch_size=8)
    failed = frame[frame["error"].notna()]
    assert set(failed["depth"]) == {100.0}
    assert set(failed["error"]) == {"RuntimeError: out of luck \\ud800"}
    assert frame[frame["error"].isna()]["score"].notna().all()


def test_a_sample_that_cannot_be_made_is_a_row_with_its_error(checkpoint, monkeypatch):
    class Fragile(Passkey):
        def sample(self, tokenizer, *, trial, **where):
            if trial == 1:
                raise KeyError("a task's bug")
            return super().sample(tokenizer, trial=trial, **where)

    monkeypatch.setattr("lh_eval.engine.rows.get_task", lambda _: Fragile())
    frame = rows(checkpoint, lengths=[256], depths=[0, 50])
    failed = frame[frame["error"].notna()]
    assert failed["trial"].tolist() == [1, 1]
    assert set(failed["error"]) == {'KeyError: "a task\'s bug"'}
    assert failed[["needle_start", "answer", "score"]].isna().all(axis=None)
    assert frame["score"].notna().sum() == 2


def test_any_error_of_a_model_is_a_row(checkpoint):
    """GPT-2's learned positions end: an IndexError, which is neither bad input nor a RuntimeError."""
    config = GPT2Config(n_positions=256, n_embd=16, n_layer=2, n_head=2, vocab_size=len(checkpoint.tokenizer))
    model = GPT2LMHeadModel(config).eval()
    frame = evaluate(
        model, checkpoint.tokenizer, task="passkey", lengths=[256, 512], depths=[0, 50], trials=1, beyond_positions=True
    )
    assert frame.groupby("length")["score"].count().to_dict() == {256: 2, 512: 0}
    assert frame.loc[frame["length"] == 512, "error"].str.startswith("IndexError: ").all()


def test_a_tokenizer_of_another_model_is_refused_before_the_run(checkpoint):
    model = GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=len(checkpoint.tokenizer) - 1))
    with pytest.raises(InputError, match=r"vocab_size must be at least 257, .* got 256 in 'GPT2LMHeadModel'"):
        evaluate(model, checkpoint.tokenizer, task="passkey", lengths=[256], depths=[50], trials=1)


def test_a_model_of_nan_has_no_answers(checkpoint):
    model = copy.deepcopy(checkpoint.model)
    model.model.layers[1].self_attn.q_proj.weight.data.fill_(float("nan"))
    frame = evaluate(model, checkpoint.tokenizer, task="passkey", lengths=[256], depths=[0, 50], trials=2)
    assert frame["prediction"].isna().all()
    assert frame["error"].str.startswith("InputError: logits of the choices must be finite, got nan;").all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lengths": [512, 16]}, "length must be at least"),
        ({"lengths": []}, "lengths must be a list of different token counts"),
        ({"lengths": 512}, "lengths must be a list of different token counts, got 512"),
        ({"lengths": ["4k"]}, "lengths must be token counts from 1 on, got '4k'"),
        ({"lengths": [512, 512]}, "lengths must be a list of different"),
        ({"lengths": [10**14], "beyond_positions": True}, "lengths must be such that memory holds a sample"),
        ({"lengths": [65537]}, "lengths must be up to the model's max_position_embeddings 65536, got 65537; .*--bey"),
        ({"depths": [50, 120]}, "depths must be percentages from 0 to 100, got 120"),
        ({"depths": [[1]]}, "depths must be percentages"),
        ({"depths": float("nan")}, "depths must be a list"),
        ({"trials": 0}, "trials must be an integer from 1 to 1000000, got 0"),
        ({"trials": 10**20}, "trials must be an integer from 1 to 1000000, got 1"),
        ({"seed": 2**70}, "seed must be an integer from 0 to 9223372036854775807, got 1"),
        ({"trials": 1.5}, "trials must be an integer"),
        ({"seed": -1}, "seed must be an integer from 0 to"),
        ({"task": "nope"}, "task must be one of"),
        ({"task": 3}, "task must be a name"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"batch_size": "a"}, "batch_size must be a positive integer"),
        ({"setting": {"k": 8}}, "setting must be a spec such as 'lighthouse:k=512', got {'k': 8}"),
        ({"setting": "lighthose"}, "method must be one of .*; did you mean 'lighthouse'"),
        (
            {"setting": "lighthouse:dense_layers=a"},
            "option dense_layers of method .* must be int such as 0/1/-1 or none",
        ),
        ({"setting": "lighthouse:dense_layers=0/1/2/3"}, "dense_layers must leave a layer for Lighthouse"),
        ({"reading": "whole"}, "reading must be one of context, prompt, got 'whole'"),
    ],
)
def test_bad_arguments_are_refused_before_anything_runs(checkpoint, monkeypatch, options, message):
    monkeypatch.setattr(module, "run_batch", lambda *_, **__: pytest.fail("a sample was run"))
    with pytest.raises(InputError, match=message):
        rows(checkpoint, **options)


def test_numbers_of_numpy_are_numbers(checkpoint):
    grid = Grid(task="passkey", lengths=np.array([512, 256]), depths=np.array([50, 0]), trials=np.int64(1))
    assert (grid.lengths, grid.depths) == ((256, 512), (0.0, 50.0))
    assert json.dumps([*grid.lengths, grid.trials]) == "[256, 512, 1]"
