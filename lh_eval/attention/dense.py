"""Ordinary causal attention by PyTorch's fastest kernel: of the gathered sequence, and of whole trainings."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from lh_eval.compat import sdpa_priority, set_sdpa_priority

# In order of speed on the GPUs of today. PyTorch's own order has cuDNN's last, at half the speed on an H100. It still
# passes over those that do not take the shape or dtype, or that are switched off, and over cuDNN's where
# deterministic algorithms are asked for.
_ORDER = [
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.MATH,
]


def causal_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """Softmax attention of q, k, v [B, H, S, D], each position over itself and those before."""
    with fastest_kernels():
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)


def fastest_kernels() -> AbstractContextManager[None]:
    """`fastest_first`, in a form that the compiler takes too."""
    return sdpa_kernel(_ORDER, set_priority=True) if torch.compiler.is_compiling() else fastest_first()


@contextmanager
def fastest_first() -> Iterator[None]:
    """Every `scaled_dot_product_attention` within takes the fastest kernel that will have it.

    What `sdpa_kernel` does to the order, in a tenth of the time: it counts at short lengths.
    """
    before = sdpa_priority()
    set_sdpa_priority([int(backend.value) for backend in _ORDER])
    try:
        yield
    finally:
        set_sdpa_priority(before)
