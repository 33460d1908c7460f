"""Stage 6, scatter: each token combines the rows of the at most L entries that reach it, by the inverse map.

No atomics: a token reads, nothing is added to from two sides. With plain windows and weights 1/p^l it is the
backward of gather, where the heads of a group add up in their own order.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.rotation import Rotation
from lh_eval.kernels.triton.common import block_dim, block_rows, blocks_of, choose, locate, partner
from lh_eval.kernels.triton.launch import Launcher

_TILE_BYTES = 32768
_ROTATED_TILE_BYTES = 16384  # which holds as much of the angles besides
COMBINE = {"sum": 0, "finest": 1, "mean": 2}


def spread(
    rows: tuple[torch.Tensor, ...],
    results: tuple[torch.Tensor, ...],
    inverse: torch.Tensor,
    layout: Layout,
    *,
    shifted: bool,
    combine: str = "sum",
    rotation: Rotation | None = None,
) -> None:
    """Fill `results` with what each token has of all levels.

    Args:
        rows: [B, H, S, D] rows of the gathered sequence, one tensor or three.
        results: [B, H or G, N, D] as many; the first has H heads. A head of fewer adds its group's. Contiguous, or one
            that is [B, N, H, D] in memory.
        inverse: [B, H, P] int32 slot of each entry, or -1.
        layout: sizes of the pyramid.
        shifted: an entry reaches the positions behind its window (scatter); otherwise its window, weighed 1/p^l.
        combine: "sum" of the levels, "finest" alone, or "mean" of those that reach the token.
        rotation: the one that `gather` had: it is undone for q and k.
    """
    B, H, _ = inverse.shape
    q_rows, k_rows, v_rows = (_alike(rows) * 3)[:3]
    q, k, v = (results * 3)[:3]
    D, N = q.shape[3], q.shape[2]
    groups = k.shape[1] if len(results) == 3 else 0
    tile = block_rows(q, _ROTATED_TILE_BYTES if rotation else _TILE_BYTES)
    blocks = blocks_of(N, tile)
    _spread_kernel(
        (blocks * B * (H + 2 * groups), 1, 1),
        (q_rows, k_rows, v_rows, q, k, v, inverse, rotation.table if rotation else q_rows),
        q_rows.stride()[:3],
        heads=H,
        groups=groups,
        tokens=N,
        blocks=blocks,
        entries=layout.entries,
        padded=layout.padded,
        P=layout.factor,
        L=layout.levels,
        D=D,
        BLOCK_D=block_dim(D),
        ROWS=tile,
        SHIFTED=shifted,
        COMBINE=COMBINE[combine],
        APART=rotation.apart if rotation else 0,
        RUN=rotation.apart & -rotation.apart if rotation else 1,
        SPAN=layout.factor ** (layout.levels - 1),
        TOKENS_FIRST=not q.is_contiguous(),
        num_warps=4,
    )


def _alike(rows: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """The same rows in one layout: each argument of a kernel costs the host time at short lengths, strides too."""
    strides = rows[0].stride()
    if strides[3] == 1 and all(x.stride() == strides for x in rows[1:]):
        return rows
    return tuple(x.contiguous() for x in rows)


@Launcher
@triton.jit
def _spread_kernel(
    q_rows,
    k_rows,
    v_rows,
    q,
    k,
    v,
    inverse,
    table,
    rows_batch,
    rows_head,
    rows_slot,
    heads,
    groups,
    tokens,
    blocks,
    entries,
    padded,
    P: tl.constexpr,
    L: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ROWS: tl.constexpr,
    SHIFTED: tl.constexpr,
    COMBINE: tl.constexpr,
    APART: tl.constexpr,
    RUN: tl.constexpr,
    SPAN: tl.constexpr,
    TOKENS_FIRST: tl.constexpr,
):
    """ROWS tokens of one head of one result."""
    block, _, batch, which, head, count = locate(blocks, heads, groups)
    head = head.to(tl.int64)
    members = heads // count
    rows = choose(which, q_rows, k_rows, v_rows) + batch * rows_batch
    result = choose(which, q, k, v)
    if TOKENS_FIRST:
        result += (batch * tokens * count + head) * D
    else:
        result += (batch * count + head) * tokens * D
    stride = count * D if TOKENS_FIRST else D

    WIDE: tl.constexpr = tl.float64 if rows.dtype.element_ty == tl.float64 else tl.float32
    token = block * ROWS + tl.arange(0, ROWS)
    inside = token < tokens
    d = tl.arange(0, BLOCK_D)
    column = (d < D)[None, :]
    if APART:
        # RUN components side by side have partners side by side, which is loaded at once
        other = tl.max_contiguous(tl.multiple_of(partner(d, APART, BLOCK_D), RUN), RUN)
        paired = (other < D)[None, :] & column
    total = tl.zeros([ROWS, BLOCK_D], WIDE)
    reached_by = tl.zeros([ROWS], tl.int32)
    for member in range(members):
        source = head * members + member
        slots = inverse + (batch * heads + source) * entries
        # all slots first: one wait for all levels
        found = ()
        for level in tl.static_range(L):
            position = token - (P**level - 1) if SHIFTED else token
            reached = inside & (position >= 0)
            found += (tl.load(slots + position // (P**level), mask=reached, other=-1),)
            slots += padded // (P**level)
        for level in tl.static_range(L):
            slot = found[level]
            if COMBINE == 1:
                here = tl.where(slot >= 0, 1, 0)
                slot = tl.where(reached_by > 0, -1, slot)
                reached_by += here
            if COMBINE == 2:
                reached_by += tl.where(slot >= 0, 1, 0)
            if tl.max(slot, axis=0) >= 0:  # at the finer levels, most tiles have none
                row = rows + source * rows_head + slot.to(tl.int64)[:, None] * rows_slot
                values = tl.load(row + d[None, :], mask=(slot >= 0)[:, None] & column, other=0.0).to(WIDE)
                if APART and level > 0:  # noqa: SIM102 - the first is known when it is compiled
                    if which < 2:
                        crossed = tl.load(row + other[None, :], mask=(slot >= 0)[:, None] & paired, other=0.0)
                        angle = table + (P**level - 1 - token % (P**level))[:, None] * D + d[None, :]
                        values *= tl.load(angle, mask=column, other=1.0)
                        values -= crossed.to(WIDE) * tl.load(angle + SPAN * D, mask=column, other=0.0)
                total += values if SHIFTED else values * (1.0 / P**level)
    if COMBINE == 2:
        total /= tl.maximum(reached_by, 1)[:, None].to(WIDE)
    pointers = result + token.to(tl.int64)[:, None] * stride + d[None, :]
    tl.store(pointers, total.to(result.dtype.element_ty), mask=inside[:, None] & column)
