"""Norms of rows with the bits of `lh_eval.scorers.norm.l2_norm`: nothing is widened in memory."""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.triton.common import block_dim, block_rows, blocks_of, rows_contiguous
from lh_eval.kernels.triton.launch import Launcher

_TILE_BYTES = 8192


def row_norms(x: torch.Tensor) -> torch.Tensor:
    """Norms [B, H, n], float32, of x [B, H, n, D], summed in float64."""
    x = rows_contiguous(x)
    B, H, n, D = x.shape
    norms = torch.empty(B, H, n, dtype=torch.float32, device=x.device)
    rows = block_rows(x, _TILE_BYTES)
    blocks = blocks_of(n, rows)
    _row_norms_kernel(
        (blocks * B * H, 1, 1),
        (x, norms),
        x.stride()[:3],
        heads=H,
        count=n,
        blocks=blocks,
        D=D,
        BLOCK_D=block_dim(D),
        ROWS=rows,
        num_warps=4,
    )
    return norms


@Launcher
@triton.jit
def _row_norms_kernel(
    x,
    norms,
    x_batch,
    x_head,
    x_row,
    heads,
    count,
    blocks,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ROWS: tl.constexpr,
):
    """ROWS rows of one head."""
    head = (tl.program_id(0) // blocks).to(tl.int64)
    row = tl.program_id(0) % blocks * ROWS + tl.arange(0, ROWS)
    d = tl.arange(0, BLOCK_D)
    x += head // heads * x_batch + head % heads * x_head
    mask = (row < count)[:, None] & (d < D)[None, :]
    values = tl.load(x + row.to(tl.int64)[:, None] * x_row + d[None, :], mask=mask, other=0.0).to(tl.float64)
    square = tl.sum(values * values, axis=1)
    tl.store(norms + head * count + row, tl.sqrt(square).to(tl.float32), mask=row < count)
