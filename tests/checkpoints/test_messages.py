"""Broken checkpoint files: one line that names the file and what is wrong with it, never a library's own words."""

import json
import logging

import pytest
import torch
from safetensors.torch import load_file, save_file

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.errors import InputError

INDEX = "model.safetensors.index.json"


def values(name, change):
    """Change the values of a JSON file."""

    def edit(folder):
        found = json.loads((folder / name).read_text())
        change(found)
        (folder / name).write_text(json.dumps(found))

    return edit


def text(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def without(name, field):
    return values(name, lambda found: found.pop(field))


def config(**changes):
    return values("config.json", lambda found: found.update(changes))


def weights(change):
    def edit(folder):
        found = load_file(folder / "model.safetensors")
        change(found)
        save_file(found, folder / "model.safetensors", metadata={"format": "pt"})

    return edit


def cut(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:5000])


def lighthouse(number):
    return text("lighthouse.json", b'{"config": {"k": 64, "tile_k": 64}, "training": {"x": %s}}' % number)


CASES = {
    "config is a list": ("tiny", text("config.json", b"[1]"), r"config.json must hold a JSON object, got list"),
    "no heads": ("tiny", config(num_key_value_heads=0), "num_key_value_heads must be an integer from 1 to 10000"),
    "layers below 0": ("tiny", config(num_hidden_layers=-1), "num_hidden_layers must be an integer from 1 to 10000"),
    "text for a number": ("tiny", config(rms_norm_eps="x"), "'rms_norm_eps' expected float, got str"),
    "no activation": ("tiny", config(hidden_act="zzz"), "got: 'zzz', which its files lack or transformers does not"),
    "other widths": (
        "tiny",
        config(num_key_value_heads=4),
        r"k_proj.weight must be of the shape \[32, 32\] ",
    ),
    "other shape": (
        "tiny",
        weights(lambda found: found.update({"model.norm.weight": torch.ones(7)})),
        r"model.norm.weight must be of the shape \[32\] that config.json says, got \[7\]",
    ),
    "cut weights": ("tiny", cut, "model.safetensors must be a whole safetensors file, got one that is cut short"),
    "no weights": ("tiny", text("model.safetensors", b""), "model.safetensors must be a whole safetensors file"),
    "index without metadata": (
        "sharded",
        without(INDEX, "metadata"),
        "must have the field metadata, got none",
    ),
    "empty index": (
        "sharded",
        values(INDEX, lambda found: found["weight_map"].clear()),
        "must be an index of",
    ),
    "NaN": ("tiny", lighthouse(b"NaN"), "lighthouse.json must be a JSON file, got expected value at line 1"),
    "infinity": ("tiny", lighthouse(b"1e999"), "lighthouse.json must be a JSON file, got Out of range float"),
    "no added tokens": (
        "tiny",
        without("tokenizer.json", "added_tokens"),
        "tokenizer.json must have .*'added_tokens'",
    ),
    "no tokenizer model": ("tiny", without("tokenizer.json", "model"), "tokenizer.json must have .* none of 'model'"),
    "tokenizer is a list": ("tiny", text("tokenizer.json", b"[]"), "tokenizer.json must hold a JSON object, got list"),
    "tokenizer is cut": ("tiny", text("tokenizer.json", b'{"a'), "tokenizer.json must be a readable JSON file"),
    "its config is a list": (
        "tiny",
        text("tokenizer_config.json", b"[1]"),
        "tokenizer_config.json must hold",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_names_what_is_wrong(request, case):
    source, edit, message = CASES[case]
    folder = request.getfixturevalue(source)
    edit(folder)
    with pytest.raises(InputError, match=message) as error:
        load_checkpoint(str(folder), device="cpu")
    assert "\n" not in str(error.value)
    assert "above report" not in str(error.value)


def test_weights_without_a_place_are_named(tiny, caplog):
    config(num_hidden_layers=1)(tiny)
    with caplog.at_level(logging.WARNING):
        load_checkpoint(str(tiny), device="cpu")
    assert "no place for, and that are not used: model.layers.1.input_layernorm.weight" in caplog.text
    assert "and 6 more" in caplog.text
