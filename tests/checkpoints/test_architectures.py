"""Small random checkpoints of many architectures go through loading and evaluation, dense and under other methods."""

import functools

import pytest
import torch
from tiny_models import TINY, save_tiny, tiny_model

from lh_eval import InputError, evaluate, load_checkpoint
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.cli.app import main
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.tasks.base import get_task

GRID = {"task": "kv:questions=2", "lengths": [400], "depths": [100], "trials": 2}
LIGHTHOUSE = Lighthouse(k=8, tile_k=4, scorer="random", dense_layers=(0,))

# what no method can take over, and why in a line
REFUSED = {
    "mistral": "with none",
    "mamba2": "with none",
    "rwkv": "with none",
    "deepseek-v3.2": "with none",
    "minimax": "with none",
    "falcon": "attention of its own making",
    "gemma2": "soft caps, sinks or a bias|soft-capped scores",
    "gpt-oss": "attention sinks",
    "deepseek-v3": "keys of 16 and values of 12 dimensions",
    "kimi-linear": "keys of 16 and values of 12 dimensions",
}
TAKEN = ["llama", "gpt-neox", "qwen3", "gemma3", "llama4", "qwen3-next", "jamba"]


def plain_logprob(model, sample):
    """Of the answer's tokens, by one forward pass over all."""
    answer = byte_tokenizer().encode(f" {sample.answer}")
    with torch.no_grad():
        logits = model(torch.tensor([sample.prompt_ids + answer]), use_cache=False).logits[0, -len(answer) - 1 : -1]
    return logits.float().log_softmax(-1)[range(len(answer)), answer].sum().item()


@functools.cache
def dense(name):
    """A model with its rows."""
    model = tiny_model(name)
    return model, evaluate(model, byte_tokenizer(), **GRID)


@pytest.mark.parametrize("name", [*REFUSED, *TAKEN])
def test_dense_evaluation_is_a_plain_forward(name):
    model, rows = dense(name)
    assert rows["error"].isna().all(), rows["error"].dropna().iloc[0]
    for row in rows.itertuples():
        sample = get_task(row.task).sample(byte_tokenizer(), length=row.length, depth=row.depth, trial=row.trial)
        assert row.answer_logprob == pytest.approx(plain_logprob(model, sample), abs=5e-4)


@pytest.mark.parametrize("name", TAKEN)
def test_lighthouse_runs_where_layers_have_full_attention(name):
    model, plain = dense(name)
    rows = evaluate(model, byte_tokenizer(), setting=LIGHTHOUSE, **GRID)
    assert rows["error"].isna().all(), rows["error"].dropna().iloc[0]
    assert rows["selection_recall"].notna().all()
    assert not rows["answer_logprob"].equals(plain["answer_logprob"])


@pytest.mark.parametrize("name", REFUSED)
def test_lighthouse_is_refused_in_a_line_where_it_cannot_run(name):
    with pytest.raises(InputError, match=f"^model must have .* for Lighthouse, got .*({REFUSED[name]})[^\n]*$"):
        evaluate(tiny_model(name), byte_tokenizer(), setting=LIGHTHOUSE, **GRID)


def test_a_model_that_keeps_what_it_read_in_its_layers_says_so():
    rows = evaluate(tiny_model("recurrent-gemma"), byte_tokenizer(), **GRID)
    assert rows["error"].str.contains("model must keep what it read in its cache, got RecurrentGemmaForCausalLM").all()


@pytest.mark.parametrize("name", ["mamba2", "gemma2", "qwen3-next", "kimi-linear"])
def test_folders_that_have_no_sdpa_are_loaded_too(name, tmp_path):
    save_tiny(name, tmp_path)
    checkpoint = load_checkpoint(str(tmp_path), device="cpu")
    assert evaluate(checkpoint, task="passkey", lengths=[200], depths=[50], trials=1)["error"].isna().all()


def test_an_architecture_that_nobody_knows_is_named(tmp_path):
    save_tiny("llama", tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"llama"', '"gated_deltanet"'))
    with pytest.raises(InputError, match=r"got model_type 'gated_deltanet' in .*; if it is one of flash-linear-att"):
        load_checkpoint(str(tmp_path), device="cpu")


@pytest.mark.parametrize("name", ["qwen3", "gemma3", "mistral"])
def test_a_folder_goes_through_the_command_line(name, tmp_path, capsys, caplog):
    save_tiny(name, tmp_path / "model")
    command = ["niah", "--model", str(tmp_path / "model"), "--lengths", "200", "--depths", "50", "--trials", "1"]
    command += ["--device", "cpu", "--out", str(tmp_path / "run")]
    lighthouse = ["--k", "8", "--tile-k", "4", "--dense-layers", "0,-1"]
    if name == "mistral":
        assert main([*command, *lighthouse]) == 2
        assert "lh-eval: error: model must have layers of full softmax attention" in capsys.readouterr().err
        lighthouse = ["--attention", "dense"]
    assert main([*command, *lighthouse]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("dense ")
    assert ("norm-k8 " in shown) == (name != "mistral")
    assert caplog.text.count("layers 2 are not of full attention") == (name == "gemma3")
    assert ("nearly equal norms of queries and keys" in caplog.text) == (name != "mistral")


def test_every_tiny_model_can_be_made():
    assert {*REFUSED, *TAKEN} <= TINY.keys()
