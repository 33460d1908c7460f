"""The byte-level Llama that a training config describes, and its loss on the masked bytes alone."""

from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

from lh_eval.compat import allow_recompilations
from lh_eval.errors import InputError
from lh_eval.training.recipe.architecture import llama_config

_MOST_FORMS = (
    64  # of a layer: two attentions, a shape a phase, and as much again for each further training of a process
)


def build_model(arguments: dict[str, Any], tokenizer: PreTrainedTokenizerBase, *, seed: int) -> LlamaForCausalLM:
    """Make a randomly initialised Llama.

    Args:
        arguments: of `LlamaConfig`.
        tokenizer: vocabulary and special tokens follow from it.
        seed: of the weights.

    Raises:
        InputError: see `llama_config`, or memory does not hold the weights.
    """
    config = llama_config(
        arguments,
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    try:
        return LlamaForCausalLM(config)
    except (MemoryError, RuntimeError) as error:  # torch's allocator raises the second
        raise InputError(f"model must fit into memory, got: {str(error).splitlines()[0]}; make it smaller") from None


def compile_layers(model: LlamaForCausalLM) -> None:
    """Compile each decoder layer in place, for each shape and attention that it is called with, and never in parts."""
    allow_recompilations(_MOST_FORMS)
    for layer in model.model.layers:
        layer.compile(fullgraph=True, dynamic=False)


class MaskedLoss(torch.nn.Module):
    """Cross entropy of the bytes in the loss mask: only their rows get logits.

    A sequence's loss is the mean over its mask, so that a family with few of them weighs as much as prose.
    """

    def __init__(self, model: LlamaForCausalLM) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, loss_mask: torch.Tensor) -> torch.Tensor:
        """Loss of each sequence, [B] float32, for ids [B, N] int64 and loss_mask [B, N] bool."""
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        row, position = loss_mask.nonzero(as_tuple=True)
        logits = self.model.lm_head(hidden[row, position - 1])
        losses = torch.nn.functional.cross_entropy(logits.float(), ids[row, position], reduction="none")
        totals = torch.zeros(len(ids), device=ids.device).index_add(0, row, losses)
        return totals / loss_mask.sum(1).clamp(min=1)
