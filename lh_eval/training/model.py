"""The byte-level Llama that a training config describes, and its loss on the counted bytes alone."""

import dataclasses
import textwrap
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from lh_eval.errors import InputError, unknown_name

# These follow from the tokenizer and the recipe.
_OURS = {"vocab_size", "bos_token_id", "eos_token_id", "pad_token_id", "attention_dropout"}
_SIZES = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")


def llama_config(arguments: dict[str, Any], **ours: Any) -> LlamaConfig:
    """Make the `LlamaConfig` of a training config's table `model`.

    Args:
        arguments: of `LlamaConfig`.
        ours: those that follow from the tokenizer.

    Raises:
        InputError: an argument is unknown, or no model can have it.
    """
    known = {field.name for field in dataclasses.fields(LlamaConfig)} - _OURS
    for name in arguments:  # LlamaConfig takes any name, and a misspelt one would do nothing
        if name not in known:
            raise unknown_name("model's argument", name, known)
    for name in _SIZES:
        if name in arguments and (type(arguments[name]) is not int or arguments[name] < 1):
            raise InputError(f"{name} must be a positive integer, got {arguments[name]!r}")
    try:
        config = LlamaConfig(**arguments, **ours, attention_dropout=0.0)
    except Exception as error:  # huggingface_hub's validation has classes of its own
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise InputError(f"model must have arguments of LlamaConfig that fit together, got: {reason}") from None
    if config.num_attention_heads % config.num_key_value_heads:
        raise InputError(
            f"num_key_value_heads must be a divisor of num_attention_heads = {config.num_attention_heads}, "
            f"got {config.num_key_value_heads}"
        )
    return config


def build_model(arguments: dict[str, Any], tokenizer: PreTrainedTokenizerFast, *, seed: int) -> LlamaForCausalLM:
    """Make a randomly initialised Llama.

    Args:
        arguments: of `LlamaConfig`.
        tokenizer: vocabulary and special tokens follow from it.
        seed: of the weights.

    Raises:
        InputError: see `llama_config`.
    """
    config = llama_config(
        arguments,
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    return LlamaForCausalLM(config)


class CountedLoss(torch.nn.Module):
    """Cross entropy of the counted bytes: only their rows get logits.

    A sequence's loss is the mean over its counted bytes, so that a family with few of them weighs as much as prose.
    """

    def __init__(self, model: LlamaForCausalLM) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
        """Loss of each sequence, [B] float32, for ids [B, N] int64 and counted [B, N] bool."""
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        row, position = counted.nonzero(as_tuple=True)
        logits = self.model.lm_head(hidden[row, position - 1])
        losses = torch.nn.functional.cross_entropy(logits.float(), ids[row, position], reduction="none")
        totals = torch.zeros(len(ids), device=ids.device).index_add(0, row, losses)
        return totals / counted.sum(1).clamp(min=1)
