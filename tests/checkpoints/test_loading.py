import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints import loading
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError


def test_a_folder(tiny):
    checkpoint = load_checkpoint(str(tiny), device="cpu")
    assert (checkpoint.name, checkpoint.folder, checkpoint.settings) == ("tiny", tiny, None)
    assert (checkpoint.device, checkpoint.dtype) == ("cpu", "float32")
    assert checkpoint.sha256 == hashlib.sha256((tiny / "model.safetensors").read_bytes()).hexdigest()
    assert not checkpoint.model.training
    assert checkpoint.model.config._attn_implementation == "sdpa"
    ids = torch.tensor([checkpoint.tokenizer.encode("the key is")])
    assert checkpoint.model(ids).logits.shape == (1, 10, 257)


def test_weights_are_those_of_the_file(tiny, sharded):
    for folder in (tiny, sharded):
        state = load_checkpoint(str(folder), device="cpu").model.state_dict()
        for file in folder.glob("*.safetensors"):
            for name, value in load_file(file).items():
                assert torch.equal(state[name], value)


def test_dtype(tiny):
    checkpoint = load_checkpoint(str(tiny), device="cpu", dtype="bfloat16")
    assert checkpoint.dtype == "bfloat16"
    assert {parameter.dtype for parameter in checkpoint.model.parameters()} == {torch.bfloat16}


def test_settings(tiny):
    settings = CheckpointSettings(config=LighthouseConfig(k=256), dense_layers=(0, -1), training={"steps": 10})
    settings.write(tiny)
    assert load_checkpoint(str(tiny), device="cpu").settings == settings


def test_nothing_on_the_screen(tiny, capfd):
    load_checkpoint(str(tiny), device="cpu")
    assert capfd.readouterr() == ("", "")


def test_transformers_logging_is_left_as_it_was(tiny):
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    load_checkpoint(str(tiny), device="cpu")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def one_line(folder, match, **options):
    with pytest.raises(InputError, match=match) as error:
        load_checkpoint(str(folder), device="cpu", **options)
    assert "\n" not in str(error.value)


def test_missing_weight_is_not_made_up(tiny):
    weights = load_file(tiny / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, tiny / "model.safetensors", metadata={"format": "pt"})
    one_line(tiny, r"model must have all its weights.*without model.layers.1.mlp.up_proj.weight")


def test_weight_of_another_shape(tiny):
    weights = load_file(tiny / "model.safetensors")
    weights["model.norm.weight"] = torch.ones(7)
    save_file(weights, tiny / "model.safetensors", metadata={"format": "pt"})
    one_line(tiny, "model.norm.weight must be of the shape")


def test_broken_weights(tiny):
    (tiny / "model.safetensors").write_bytes(b"nonsense")
    one_line(tiny, "model.safetensors must be a whole safetensors file")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "config.json must be a readable JSON file"),
        ("{}", "model must be loadable"),
        ('{"model_type": "no-such-model"}', "model must be of an architecture"),
    ],
)
def test_broken_config(tiny, text, match):
    (tiny / "config.json").write_text(text)
    one_line(tiny, match)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"num_attention_heads": 0}, "num_attention_heads must be an integer from 1 to 10000 in .*, got 0"),
        ({"num_hidden_layers": 10**25}, "num_hidden_layers must be an integer from 1 to 10000"),
        ({"max_position_embeddings": "4096"}, "max_position_embeddings must be an integer .*, got '4096'"),
        ({"vocab_size": 100}, r"embed_tokens.weight must be of the shape \[100, 32\]"),
    ],
)
def test_a_number_that_no_model_has(tiny, values, match):
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | values))
    one_line(tiny, match)


def test_a_shard_outside_the_folder(tiny):
    weights = tiny / "model.safetensors"
    weights.rename(tiny.parent / "outside.safetensors")
    index = {"weight_map": {"model.norm.weight": "../outside.safetensors"}}
    (tiny / "model.safetensors.index.json").write_text(json.dumps(index))
    one_line(tiny, "must name files of its own folder")


def test_what_to_do_with_other_folders_is_said(tiny):
    (tiny / "model.safetensors").rename(tiny / "weights.safetensors")
    one_line(tiny, "in model.safetensors, got .* without it; save the checkpoint with save_pretrained")
    (tiny / "config.json").unlink()
    one_line(tiny, "without config.json; give the folder that save_pretrained wrote")
    (tiny / "__0_0.distcp").write_bytes(b"")
    one_line(tiny, "without config.json, a checkpoint of torch.distributed; docs/own-checkpoint.md")


def add_tokens(folder, **options):
    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens(options) if options else tokenizer.add_tokens(["more"])
    tokenizer.save_pretrained(folder)


def test_a_tokenizer_with_more_ids_than_the_model_embeds(tiny):
    add_tokens(tiny)
    one_line(tiny, "vocab_size must be at least 258, for the tokenizer has 'more' as id 257, got 257 in .*with$")
    add_tokens(tiny, eos_token="<end>")
    one_line(tiny, "vocab_size must be at least 258, for the tokenizer has '<end>' as id 257, got 257")


def test_a_token_for_padding_alone_needs_no_embedding(tiny):
    add_tokens(tiny, pad_token="<pad>")
    assert len(load_checkpoint(str(tiny), device="cpu").tokenizer) == 258
    add_tokens(tiny, pad_token="<pad>", eos_token="<pad>")  # which ends texts too
    one_line(tiny, "for the tokenizer has '<pad>' as id 257")


def test_no_tokenizer(tiny):
    for file in tiny.glob("token*"):
        file.unlink()
    one_line(tiny, "tokenizer must be loadable")


def test_a_sentencepiece_model_names_its_package(tiny, monkeypatch):
    (tiny / "tokenizer.json").rename(tiny / "tokenizer.model")
    monkeypatch.setattr(loading, "find_spec", lambda name: None)
    one_line(tiny, "sentencepiece must be there to read .*run pip install sentencepiece protobuf")


def test_remote_code_is_not_run(tiny):
    ran = tiny.parent / "ran"
    (tiny / "own.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    config = json.loads((tiny / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (tiny / "config.json").write_text(json.dumps(config))
    one_line(tiny, "got .* with code of its own; read that code, then pass --trust-remote-code")
    assert not ran.exists()


def test_bad_settings_stop_before_the_weights_are_read(tiny):
    (tiny / "lighthouse.json").write_text("{")
    (tiny / "model.safetensors").write_bytes(b"nonsense")
    one_line(tiny, "lighthouse.json must be a JSON file")


@pytest.mark.parametrize(("layers", "dense"), [(1, ()), (2, ()), (3, (0, -1)), (4, (0, -1)), (5, (0, 1, -2, -1))])
def test_few_layers_leave_one_that_is_not_dense(layers, dense):
    assert loading._usual_dense(layers) == dense
