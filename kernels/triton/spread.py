"""Stage 6, scatter: each token sums the rows of the at most L entries that reach it, by the inverse map.

No atomics: a token reads, nothing is added to from two sides. With plain windows and weights 1/p^l it is the
backward of gather, where the heads of a group add up in their own order.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.triton.common import block_dim, block_rows, blocks_of, choose, locate, rows_contiguous

_TILE_BYTES = 32768


def spread(
    rows: tuple[torch.Tensor, ...],
    results: tuple[torch.Tensor, ...],
    inverse: torch.Tensor,
    layout: Layout,
    *,
    shifted: bool,
) -> None:
    """Fill `results` with each token's sum over levels.

    Args:
        rows: [B, H, S, D] rows of the gathered sequence, one tensor or three.
        results: [B, H or G, N, D] as many; the first has H heads. A head of fewer adds its group's.
        inverse: [B, H, P] int32 slot of each entry, or -1.
        layout: sizes of the pyramid.
        shifted: an entry reaches the positions behind its window (scatter); otherwise its window, weighed 1/p^l.
    """
    B, H, _ = inverse.shape
    q_rows, k_rows, v_rows = ((rows_contiguous(x)) for x in (rows * 3)[:3])
    q, k, v = (results * 3)[:3]
    D, N = q.shape[3], q.shape[2]
    groups = k.shape[1] if len(results) == 3 else 0
    tile = block_rows(q, _TILE_BYTES)
    blocks = blocks_of(N, tile)
    _spread_kernel[(blocks * B * (H + 2 * groups),)](
        *(q_rows, k_rows, v_rows, q, k, v, inverse),
        *(*q_rows.stride()[:3], *k_rows.stride()[:3], *v_rows.stride()[:3]),
        *(*q.stride()[:3], *k.stride()[:3], *v.stride()[:3]),
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
        num_warps=4,
    )


@triton.jit
def _spread_kernel(
    q_rows,
    k_rows,
    v_rows,
    q,
    k,
    v,
    inverse,
    q_rows_batch,
    q_rows_head,
    q_rows_slot,
    k_rows_batch,
    k_rows_head,
    k_rows_slot,
    v_rows_batch,
    v_rows_head,
    v_rows_slot,
    q_batch,
    q_head,
    q_token,
    k_batch,
    k_head,
    k_token,
    v_batch,
    v_head,
    v_token,
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
):
    """ROWS tokens of one head of one result."""
    block, _, batch, which, head, count = locate(blocks, heads, groups)
    head = head.to(tl.int64)
    members = heads // count
    rows = choose(which, q_rows, k_rows, v_rows) + batch * choose(which, q_rows_batch, k_rows_batch, v_rows_batch)
    rows_head = choose(which, q_rows_head, k_rows_head, v_rows_head)
    rows_slot = choose(which, q_rows_slot, k_rows_slot, v_rows_slot)
    result = choose(which, q, k, v)
    result += batch * choose(which, q_batch, k_batch, v_batch) + head * choose(which, q_head, k_head, v_head)
    stride = choose(which, q_token, k_token, v_token)

    WIDE: tl.constexpr = tl.float64 if rows.dtype.element_ty == tl.float64 else tl.float32
    token = block * ROWS + tl.arange(0, ROWS)
    inside = token < tokens
    d = tl.arange(0, BLOCK_D)
    column = (d < D)[None, :]
    total = tl.zeros([ROWS, BLOCK_D], WIDE)
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
            if tl.max(slot, axis=0) >= 0:  # at the finer levels, most tiles have none
                pointers = rows + source * rows_head + slot.to(tl.int64)[:, None] * rows_slot + d[None, :]
                values = tl.load(pointers, mask=(slot >= 0)[:, None] & column, other=0.0).to(WIDE)
                total += values if SHIFTED else values * (1.0 / P**level)
    pointers = result + token.to(tl.int64)[:, None] * stride + d[None, :]
    tl.store(pointers, total.to(result.dtype.element_ty), mask=inside[:, None] & column)
