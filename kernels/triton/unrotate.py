"""Queries and keys without their rotation, for scorers under `rope="after"`: one read, one write, no table in memory.

Angles and products are taken as in `lh_eval.kernels.rotation.unrotated`, float64 behind a float32 angle: the same bits.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.triton.common import block_rows, blocks_of, power_of_two, rows_contiguous
from lh_eval.kernels.triton.launch import Launcher

_TILE_BYTES = 2048


def unrotated(x: torch.Tensor, inv_freq: torch.Tensor, *, interleaved: bool) -> torch.Tensor:
    """The same [B, H, N, D], token n rotated back by n·inv_freq; see `lh_eval.kernels.rotation.unrotated`."""
    x = rows_contiguous(x)
    inv_freq = inv_freq.to(torch.float64 if x.dtype == torch.float64 else torch.float32).contiguous()
    B, H, N, D = x.shape
    pairs = inv_freq.shape[0]
    result = x.new_empty(B, H, N, D)
    rows = block_rows(x, _TILE_BYTES)
    blocks = blocks_of(N, rows)
    _unrotate_kernel(
        (blocks * B, 1, 1),
        (x, inv_freq, result),
        x.stride()[:3],
        heads=H,
        tokens=N,
        blocks=blocks,
        PAIRS=pairs,
        STEP=2 if interleaved else 1,
        APART=1 if interleaved else pairs,
        D=D,
        BLOCK_R=power_of_two(pairs),
        BLOCK_REST=power_of_two(max(1, D - 2 * pairs)),
        ROWS=rows,
        num_warps=4,
    )
    return result


@Launcher
@triton.jit
def _unrotate_kernel(
    x,
    inv_freq,
    result,
    x_batch,
    x_head,
    x_token,
    heads,
    tokens,
    blocks,
    PAIRS: tl.constexpr,
    STEP: tl.constexpr,
    APART: tl.constexpr,
    D: tl.constexpr,
    BLOCK_R: tl.constexpr,
    BLOCK_REST: tl.constexpr,
    ROWS: tl.constexpr,
):
    """ROWS tokens of all heads: their angles are the same."""
    batch = (tl.program_id(0) // blocks).to(tl.int64)
    token = tl.program_id(0) % blocks * ROWS + tl.arange(0, ROWS)
    j = tl.arange(0, BLOCK_R)
    mask = (token < tokens)[:, None] & (j < PAIRS)[None, :]
    frequency = tl.load(inv_freq + j, mask=j < PAIRS, other=0.0)
    angle = (token.to(frequency.dtype)[:, None] * frequency[None, :]).to(tl.float64)
    cos, sin = tl.cos(angle), tl.sin(angle)
    rest = tl.arange(0, BLOCK_REST) + 2 * PAIRS
    still = (token < tokens)[:, None] & (rest < D)[None, :]
    source = x + batch * x_batch + token.to(tl.int64)[:, None] * x_token
    target = result + (batch * heads * tokens + token.to(tl.int64))[:, None] * D
    for _ in range(heads):
        first = tl.load(source + j[None, :] * STEP, mask=mask, other=0.0).to(tl.float64)
        second = tl.load(source + j[None, :] * STEP + APART, mask=mask, other=0.0).to(tl.float64)
        back = (first * cos + second * sin).to(result.dtype.element_ty)
        tl.store(target + j[None, :] * STEP, back, mask=mask)
        back = (second * cos - first * sin).to(result.dtype.element_ty)
        tl.store(target + j[None, :] * STEP + APART, back, mask=mask)
        if 2 * PAIRS < D:
            tl.store(target + rest[None, :], tl.load(source + rest[None, :], mask=still, other=0.0), mask=still)
        source += x_head
        target += tokens.to(tl.int64) * D
