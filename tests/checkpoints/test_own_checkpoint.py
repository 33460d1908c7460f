"""docs/own-checkpoint.md as it is printed, on a small checkpoint of torch.distributed in torchtitan's names."""

import re
from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint as dcp
from asking import tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.cli.app import main

PAGE = Path(__file__).parents[2] / "docs" / "own-checkpoint.md"
TITAN = {
    "model.embed_tokens": "tok_embeddings",
    "model.norm": "norm",
    "lm_head": "output",
    "input_layernorm": "attention_norm",
    "post_attention_layernorm": "ffn_norm",
    "gate_proj": "feed_forward.w1",
    "down_proj": "feed_forward.w2",
    "up_proj": "feed_forward.w3",
    **{f"{letter}_proj": f"attention.w{letter}" for letter in "qkvo"},
}


def titan_name(name):
    parts = re.fullmatch(r"(?:model\.layers\.(\d+)\.)?(?:self_attn\.|mlp\.)?(.*)\.weight", name)
    ahead = f"layers.{parts[1]}." if parts[1] else ""
    return f"{ahead}{TITAN[parts[2]]}.weight"


def as_neighbours(weight, heads):
    """The two halves of a head row by row in turn: what torchtitan's rotation wants."""
    halves = weight.reshape(heads, 2, -1, weight.shape[1])
    return torch.stack([halves[:, 0], halves[:, 1]], dim=2).reshape(weight.shape)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A run's folder, as torchtitan's trainer leaves it, and the model that it holds."""
    monkeypatch.chdir(tmp_path)
    model = tiny_llama()
    model.config.save_pretrained("assets/hf/Llama-3.1-8B")
    byte_tokenizer().save_pretrained("assets/hf/Llama-3.1-8B")
    state = {}
    for name, weight in model.state_dict().items():
        heads = {"q_proj": 4, "k_proj": 2}.get(name.split(".")[-2])
        state[titan_name(name)] = as_neighbours(weight, heads) if heads else weight.clone()
    moments = {f"optimizer.state.{name}.exp_avg": torch.ones_like(weight) for name, weight in state.items()}
    dcp.save(
        state | moments | {"train_state": torch.tensor(7)}, checkpoint_id="outputs/checkpoint/step-10000", no_dist=True
    )
    return tmp_path, model


def test_the_page_s_own_code_on_a_small_one(trained, capsys):
    folder, model = trained
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert main(["niah", "--model", "outputs/checkpoint/step-10000"]) == 2
    assert "a checkpoint of torch.distributed; docs/own-checkpoint.md" in capsys.readouterr().err
    exec(code, {})
    commands = re.findall(r"lh-eval (models settings|niah) (.*)", PAGE.read_text(encoding="utf-8"))
    assert main([*commands[0][0].split(), *commands[0][1].split()]) == 2
    assert "dense_layers must leave a layer" in capsys.readouterr().err, "four layers, all of them dense"
    assert main([*commands[0][0].split(), *commands[0][1].replace("0,1,-2,-1", "0,-1").split()]) == 0
    made = load_checkpoint("my-checkpoint", device="cpu")
    ids = torch.arange(100)[None]
    torch.testing.assert_close(made.model(ids).logits, model(ids).logits)
    assert (made.settings.config.k, made.settings.config.num_levels, made.settings.dense_layers) == (2048, 3, (0, -1))
    options = commands[1][1].replace("4k,16k", "300").replace("--trials 10", "--trials 1 --depths 0 --device cpu")
    assert main(["niah", *options.split(), "--out", "run"]) == 0
    assert (folder / "run" / "sweep.png").exists()


def test_a_weight_too_few_is_not_made_up(trained):
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    with pytest.raises(RuntimeError, match=r"Missing key.*lm_head\.weight"):
        exec(code.replace(r"output\.weight", r"head\.weight"), {})
