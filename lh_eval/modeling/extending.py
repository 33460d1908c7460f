"""Dense attention of tokens that extend a cache, without the mask that transformers would make for them."""

from typing import Any

import torch
from torch.nn.attention.bias import causal_lower_right
from transformers.integrations.sdpa_attention import repeat_kv


def extend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None) -> torch.Tensor:
    """Causal attention of the last Nq tokens: query [B, H, Nq, D], key and value [B, G, Nk, D] -> [B, Nq, H, D]."""
    repeats = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, repeats), repeat_kv(value, repeats)
    n, total = query.shape[2], key.shape[2]
    mask: Any = causal_lower_right(n, total)
    if query.device.type != "cuda":  # elsewhere torch would take its slowest way; added numbers are faster than bools
        mask = torch.full((n, total), -torch.inf, dtype=query.dtype, device=query.device).triu(total - n + 1)
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
    return out.transpose(1, 2)
