"""Ordinary causal attention by PyTorch's fastest kernel, for the gathered sequence."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

# In order of speed on the GPUs of today; PyTorch passes over those that do not take the shape, dtype or device, and
# over cuDNN's where deterministic algorithms are asked for.
BACKENDS = [
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.MATH,
]


def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """Softmax attention of q, k, v [B, H, S, D], each position over itself and those before."""
    with sdpa_kernel(BACKENDS, set_priority=True):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
