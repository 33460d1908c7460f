import dataclasses
import logging
import weakref

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.methods import spread
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import run
from lh_eval.store.files import read_json
from lh_eval.tasks.base import get_task

GRID = Grid(task="passkey", lengths=(200,), depths=(50,), trials=1)
NORM = Lighthouse(k=16, scorer="norm", dense_layers=(0, -1))


def measured(checkpoint, method):
    ids = get_task("passkey").sample(checkpoint.tokenizer, length=200, depth=50, trial=0).context_ids
    return method.measure(checkpoint.model, torch.tensor([ids]), checkpoint.name)["norm_spread"]


@pytest.fixture
def checkpoint(monkeypatch):
    monkeypatch.setattr(spread, "_warned", weakref.WeakSet())
    return load_checkpoint(device="cpu")


@pytest.fixture
def flat(checkpoint):
    """The same with a model that normalises its queries and keys."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 257, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4}
    config = Qwen3Config(**sizes, num_attention_heads=4, num_key_value_heads=2, head_dim=8)
    return dataclasses.replace(checkpoint, model=Qwen3ForCausalLM(config).eval(), name="flat-model")


def test_a_model_with_equal_norms_is_warned_of_once_with_the_number(flat, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        run(flat, GRID, [NORM, dataclasses.replace(NORM, k=32)], tmp_path / "out")
    (record,) = [record for record in caplog.records if "nearly equal norms" in record.message]
    assert record.message.startswith("flat-model has nearly equal norms of queries and keys (they vary by ")
    assert read_json(tmp_path / "out" / "norm-k16" / "config.json")["provenance"]["norm_spread"] < 1e-3


def test_no_warning_where_norms_differ(checkpoint, caplog):
    with caplog.at_level(logging.WARNING):
        assert measured(checkpoint, NORM) > 0.05
    assert not caplog.records


def test_other_scorers_are_not_measured(flat, monkeypatch):
    monkeypatch.setattr(spread, "score_spread", lambda *args: pytest.fail("measured"))
    assert measured(flat, Lighthouse(k=16, scorer="qk", dense_layers=(0,))) is None


def test_a_model_that_fails_is_left_to_the_samples(checkpoint):
    with torch.no_grad():
        checkpoint.model.get_input_embeddings().weight.fill_(float("nan"))
    assert measured(checkpoint, NORM) is None
