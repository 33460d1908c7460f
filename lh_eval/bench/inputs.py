"""Random q, k and v whose tokens differ in size, so that there is something to select."""

from typing import NamedTuple

import torch

from lh_eval.bench.workload import Workload

_SETS = 3
_CACHED = 2**28  # bytes; no cache of a GPU holds two sets of more than that


class Inputs(NamedTuple):
    """Inputs of one call; contiguous.

    q: [B, H, N, D] queries.
    k: [B, G, N, D] keys.
    v: [B, G, N, D] values.
    grad: [B, H, N, D] gradient of the output, or None where there is no backward.
    """

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    grad: torch.Tensor | None


def make_inputs(
    batch: int,
    heads: int,
    kv_heads: int,
    tokens: int,
    head_dim: int,
    *,
    backward: bool,
    dtype: torch.dtype,
    device: torch.device,
    seed: int,
) -> Inputs:
    """Normal rows, each times a log-normal factor of its own; the same for the same arguments."""
    generator = torch.Generator(device).manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, device=device)

    def rows(count: int) -> torch.Tensor:
        scale = normal(batch, count, tokens, 1).mul_(0.5).exp_()
        x = normal(batch, count, tokens, head_dim).mul_(scale).to(dtype)
        return x.requires_grad_(backward)

    q, k, v = rows(heads), rows(kv_heads), rows(kv_heads)
    return Inputs(q, k, v, normal(*q.shape).to(dtype) if backward else None)


def input_sets(workload: Workload, tokens: int, kv_heads: int, *, backward: bool) -> list[Inputs]:
    """The sets that a measurement takes in turn: three, or two where each is larger than any cache."""
    size = workload.batch * (workload.heads + 2 * kv_heads) * tokens * workload.head_dim * workload.dtype.itemsize
    return [
        make_inputs(
            workload.batch,
            workload.heads,
            kv_heads,
            tokens,
            workload.head_dim,
            backward=backward,
            dtype=workload.dtype,
            device=workload.device,
            seed=seed,
        )
        for seed in range(_SETS if size <= _CACHED else 2)
    ]
