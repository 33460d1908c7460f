"""A training config that a CPU is through with in a second, and its TOML."""

import json

TINY = {
    "name": "tiny",
    "precision": "no",
    "micro_tokens": 512,
    "dense_layers": [0, -1],
    "model": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    },
    "lighthouse": {"k": 16},
    "phases": [
        {"steps": 3, "length": 256, "tokens_per_step": 1024, "mix": {"copy": 1, "keyed": 2, "passkey": 1}},
        {"steps": 3, "length": 512, "tokens_per_step": 1024, "mix": {"text": 0.5, "keyed": 0.5}},
    ],
    "stages": [
        {"steps": 2, "attention": "dense"},
        {"steps": 2, "attention": "lighthouse"},
        {"steps": 2, "attention": "dense"},
    ],
}


def to_toml(values):
    """TOML of plain values, a line each."""
    return "\n".join(f"{name} = {_inline(value)}" for name, value in values.items())


def _inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
