"""Small random checkpoints of several architectures go through loading and evaluation, dense and under Lighthouse."""

import pytest
import torch
from transformers import (
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from lh_eval import InputError, LighthouseConfig, evaluate, load_checkpoint
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.cli.app import main

SIZES = {
    "vocab_size": 257,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
}
ARCHITECTURES = {
    "llama": (LlamaForCausalLM, LlamaConfig, {"num_key_value_heads": 2}),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {"num_key_value_heads": 1, "head_dim": 8}),
    "mistral": (MistralForCausalLM, MistralConfig, {"num_key_value_heads": 2, "sliding_window": None}),
    "mistral with a window": (MistralForCausalLM, MistralConfig, {"num_key_value_heads": 2, "sliding_window": 32}),
    "qwen3 with windows": (
        Qwen3ForCausalLM,
        Qwen3Config,
        {
            "num_key_value_heads": 2,
            "head_dim": 8,
            "use_sliding_window": True,
            "sliding_window": 32,
            "layer_types": ["full_attention", "sliding_attention"] * 2,
        },
    ),
    "gpt-neox": (GPTNeoXForCausalLM, GPTNeoXConfig, {"rotary_pct": 0.5}),
}
WINDOWED = "mistral with a window"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_folder_is_evaluated(name, tmp_path):
    model_class, config_class, values = ARCHITECTURES[name]
    torch.manual_seed(0)
    model_class(config_class(**SIZES | values)).save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    checkpoint = load_checkpoint(str(tmp_path), device="cpu")
    grid = {"task": "passkey", "lengths": [200], "depths": [0, 100], "trials": 1}
    lighthouse = LighthouseConfig(k=8, tile_k=4, scorer="random")
    if name == WINDOWED:
        with pytest.raises(InputError, match="must have a layer without a sliding window"):
            evaluate(checkpoint.model, checkpoint.tokenizer, config=lighthouse, dense_layers=(0, -1), **grid)
    for config in (None,) if name == WINDOWED else (None, lighthouse):
        rows = evaluate(checkpoint.model, checkpoint.tokenizer, config=config, dense_layers=(0, -1), **grid)
        assert rows["error"].isna().all()
        assert rows["score"].notna().all()
        assert rows["selection_recall"].notna().all() == (config is not None)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_folder_goes_through_the_command_line(name, tmp_path, capsys, caplog):
    model_class, config_class, values = ARCHITECTURES[name]
    torch.manual_seed(0)
    model_class(config_class(**SIZES | values)).save_pretrained(tmp_path / "model")
    byte_tokenizer().save_pretrained(tmp_path / "model")
    command = ["niah", "--model", str(tmp_path / "model"), "--lengths", "200", "--depths", "50", "--trials", "1"]
    command += ["--device", "cpu", "--out", str(tmp_path / "run")]
    lighthouse = ["--k", "8", "--tile-k", "4", "--dense-layers", "0,-1"]
    if name == WINDOWED:
        assert main([*command, *lighthouse]) == 2
        assert "lh-eval: error: model must have a layer without a sliding window" in capsys.readouterr().err
        lighthouse = ["--attention", "dense"]
    assert main([*command, *lighthouse]) == 0
    said = capsys.readouterr().out
    assert said.startswith("dense ")
    assert ("norm-k8 " in said) == (name != WINDOWED)
    assert caplog.text.count("layers 1 have a sliding window and stay dense") == (name == "qwen3 with windows")
    assert ("nearly equal norms of queries and keys" in caplog.text) == name.startswith("qwen3")
