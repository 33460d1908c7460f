"""The byte-level Llama's configuration, checked before anything is trained."""

import dataclasses
import json
import math
import textwrap
from typing import Any

from transformers import LlamaConfig

from lh_eval.checkpoints.config_values import check_sizes
from lh_eval.errors import InputError, unknown_name

# These follow from the tokenizer and the recipe.
_DERIVED = {"vocab_size", "bos_token_id", "eos_token_id", "pad_token_id", "attention_dropout"}


def llama_config(arguments: dict[str, Any], **derived: Any) -> LlamaConfig:
    """Make the `LlamaConfig` of a training config's table `model`.

    Args:
        arguments: of `LlamaConfig`.
        derived: those that follow from the tokenizer.

    Raises:
        InputError: an argument is unknown, or no model can have it.
    """
    known = {field.name for field in dataclasses.fields(LlamaConfig)} - _DERIVED
    for name in arguments:  # LlamaConfig takes any name, and a misspelt one would do nothing
        if name not in known:
            raise unknown_name("model's argument", name, known)
    check_sizes(arguments)
    rotary = arguments.get("rope_parameters")
    theta = rotary.get("rope_theta", 1.0) if isinstance(rotary, dict) else 1.0
    if isinstance(theta, bool) or not isinstance(theta, int | float) or not 0 < theta < math.inf:
        raise InputError(f"rope_theta must be a positive number, got {theta!r}")
    try:
        json.dumps(arguments, allow_nan=False)
    except ValueError:
        raise InputError(f"model must have finite numbers, got {arguments!r}") from None
    try:
        config = LlamaConfig(**arguments, **derived, attention_dropout=0.0)
    except Exception as error:  # huggingface_hub's validation has classes of its own
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise InputError(f"model must have arguments of LlamaConfig that fit together, got: {reason}") from None
    if config.num_attention_heads % (config.num_key_value_heads or config.num_attention_heads):
        raise InputError(
            f"num_key_value_heads must be a divisor of num_attention_heads = {config.num_attention_heads}, "
            f"got {config.num_key_value_heads}"
        )
    return config
