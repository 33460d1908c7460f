"""How many samples run at once: what memory holds, and no more than pays."""

import os
from typing import Any

import torch

# Past this many tokens a CPU's matrix products gain nothing from more rows.
_CPU_TOKENS = 4096
_CUDA_TOKENS = 1_048_576


def batch_size(model: Any, length: int) -> int:
    """Samples of `length` tokens to run at once, at least 1.

    The estimate counts the cache, the activations of one layer and Lighthouse's copies of queries, keys and values,
    and takes half of the memory that is free.
    """
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    groups = getattr(config, "num_key_value_heads", None) or heads
    wide = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    cached = 2 * config.num_hidden_layers * groups * dim
    active = 6 * config.hidden_size + 3 * wide + 16 * heads * dim
    needed = length * (cached * model.dtype.itemsize + active * max(4, model.dtype.itemsize))
    tokens = _CUDA_TOKENS if model.device.type == "cuda" else _CPU_TOKENS
    return max(1, min(int(_free_bytes(model.device) / 2 // needed), tokens // length))


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
