"""Backward of scatter where contributions are not summed: an entry has its weight at each position that it reaches.

The weight, whether it is the finest there or one of how many, follows from the inverse map. Each gathered entry sums
over its own positions, so that there are no atomics here either; the sum's backward shares windows between levels
instead (`pool.shifted_sums`), which weights by level do not allow.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.triton.common import block_dim, block_rows, blocks_of, rows_contiguous
from lh_eval.kernels.triton.launch import Launcher
from lh_eval.kernels.triton.spread import COMBINE

_TILE_BYTES = 8192


def uncombine(
    grad: torch.Tensor, indices: torch.Tensor, inverse: torch.Tensor, layout: Layout, *, combine: str
) -> torch.Tensor:
    """Gradient of the rows [B, H, S, D] from that of the output.

    Args:
        grad: [B, H, N, D].
        indices: [B, H, S] int32 flat indices.
        inverse: [B, H, P] int32 slot of each entry, or -1.
        layout: sizes of the pyramid.
        combine: "finest" or "mean".
    """
    B, H, S = indices.shape
    grad = rows_contiguous(grad)
    N, D = grad.shape[2:]
    rows = grad.new_empty(B, H, S, D)
    tile = block_rows(grad, _TILE_BYTES)
    blocks = blocks_of(S, tile)
    _uncombine_kernel(
        (blocks * B * H, 1, 1),
        (grad, indices, inverse, rows),
        grad.stride()[:3],
        heads=H,
        tokens=N,
        gathered=S,
        blocks=blocks,
        entries=layout.entries,
        padded=layout.padded,
        P=layout.factor,
        L=layout.levels,
        D=D,
        BLOCK_D=block_dim(D),
        ROWS=tile,
        COMBINE=COMBINE[combine],
        num_warps=4,
    )
    return rows


@Launcher
@triton.jit
def _uncombine_kernel(
    grad,
    indices,
    inverse,
    rows,
    grad_batch,
    grad_head,
    grad_token,
    heads,
    tokens,
    gathered,
    blocks,
    entries,
    padded,
    P: tl.constexpr,
    L: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ROWS: tl.constexpr,
    COMBINE: tl.constexpr,
):
    """ROWS slots of one head."""
    row = (tl.program_id(0) // blocks).to(tl.int64)
    batch, head = row // heads, row % heads
    slots = inverse + row * entries
    source = grad + batch * grad_batch + head * grad_head

    WIDE: tl.constexpr = tl.float64 if grad.dtype.element_ty == tl.float64 else tl.float32
    slot = tl.program_id(0) % blocks * ROWS + tl.arange(0, ROWS)
    inside = slot < gathered
    i = tl.load(indices + row * gathered + slot, mask=inside, other=0)
    level = tl.zeros([ROWS], tl.int32)
    width = tl.full([ROWS], 1, tl.int32)
    for step in tl.static_range(L - 1):
        coarser = (level == step) & (i >= padded // (P**step))
        i = tl.where(coarser, i - padded // (P**step), i)
        level += coarser.to(tl.int32)
        width = tl.where(coarser, width * P, width)
    first = i * width + width - 1

    d = tl.arange(0, BLOCK_D)
    column = (d < D)[None, :]
    total = tl.zeros([ROWS, BLOCK_D], WIDE)
    for place in range(tl.max(tl.where(inside, width, 0), axis=0)):
        token = first + place
        there = inside & (place < width) & (token < tokens)
        count = tl.zeros([ROWS], tl.int32)
        offset = 0
        for other in tl.static_range(L):
            position = token - (P**other - 1)
            asked = there & (position >= 0)
            if COMBINE == 1:
                asked &= other < level
            found = tl.load(slots + offset + position // (P**other), mask=asked, other=-1)
            count += (found >= 0).to(tl.int32)
            offset += padded // (P**other)
        if COMBINE == 1:
            there &= count == 0
        pointers = source + token.to(tl.int64)[:, None] * grad_token + d[None, :]
        values = tl.load(pointers, mask=there[:, None] & column, other=0.0).to(WIDE)
        if COMBINE == 2:
            values /= tl.maximum(count, 1)[:, None].to(WIDE)
        total += values
    pointers = rows + row * gathered * D + slot.to(tl.int64)[:, None] * D + d[None, :]
    tl.store(pointers, total.to(rows.dtype.element_ty), mask=inside[:, None] & column)
