"""Stage 4, gather: the selected entries' means, pooled where they are selected, straight from Q, K and V.

The adjoint pair of `spread`: with shifted windows and sums in place of means it is the backward of scatter.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.rotation import Rotation
from lh_eval.kernels.triton.common import (
    block_dim,
    block_rows,
    blocks_of,
    choose,
    exchanged,
    rows_contiguous,
    stored_entries,
    stored_level,
)
from lh_eval.kernels.triton.launch import Launcher

_TILE_BYTES = 8192
_ROTATED_TILE_BYTES = 16384  # the angles are read once for more rows


def gather(
    tensors: tuple[torch.Tensor, ...],
    stored: tuple[torch.Tensor, ...],
    indices: torch.Tensor,
    layout: Layout,
    *,
    shifted: bool = False,
    rotation: Rotation | None = None,
) -> tuple[torch.Tensor, ...]:
    """Rows of the pyramid in causal order.

    Args:
        tensors: q [B, H, N, D], k and v [B, G, N, D]; or one tensor [B, H, N, D].
        stored: the stored levels of each, [B, H or G, M, D]; see `pool` and `shifted_sums`.
        indices: [B, H, S] int32 flat indices.
        layout: sizes of the pyramid.
        shifted: sum the positions that an entry is scattered to, instead of the mean over its window.
        rotation: rotate the tokens of q and k by their distance to the last of their window first.

    Returns:
        [B, H, S, D] of each tensor.
    """
    B, H, S = indices.shape
    q, k, v = (rows_contiguous(x) for x in (tensors * 3)[:3])
    D = q.shape[3]
    first = stored_level(layout)
    results = tuple(q.new_empty(B, H, S, D) for _ in tensors)
    rows = block_rows(q, _ROTATED_TILE_BYTES if rotation else _TILE_BYTES)
    blocks = blocks_of(S, rows)
    _gather_kernel(
        (blocks * B * H, len(tensors), 1),
        (q, k, v, *(stored * 3)[:3], *(results * 3)[:3], indices, rotation.table if rotation else q),
        (*q.stride()[:3], *k.stride()[:3], *v.stride()[:3]),
        heads=H,
        groups=k.shape[1],
        tokens=q.shape[2],
        gathered=S,
        blocks=blocks,
        padded=layout.padded,
        stored_from=layout.offsets[first],
        stored=stored_entries(layout),
        P=layout.factor,
        POOLED=layout.factor if first == 2 else 1,
        D=D,
        BLOCK_D=block_dim(D),
        ROWS=rows,
        SHIFTED=shifted,
        APART=rotation.apart if rotation else 0,
        SPAN=layout.factor ** (layout.levels - 1),
        num_warps=4,
    )
    return results


@Launcher
@triton.jit
def _gather_kernel(
    q,
    k,
    v,
    q_stored,
    k_stored,
    v_stored,
    q_rows,
    k_rows,
    v_rows,
    indices,
    table,
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
    gathered,
    blocks,
    padded,
    stored_from,
    stored,
    P: tl.constexpr,
    POOLED: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ROWS: tl.constexpr,
    SHIFTED: tl.constexpr,
    APART: tl.constexpr,
    SPAN: tl.constexpr,
):
    """ROWS slots of one head: a stored row, a token, or P tokens of a level-1 entry."""
    which = tl.program_id(1)
    row = (tl.program_id(0) // blocks).to(tl.int64)
    batch = row // heads
    count = choose(which, heads, groups, groups)
    head = row % heads // (heads // count)
    x = choose(which, q, k, v)
    x += batch * choose(which, q_batch, k_batch, v_batch) + head * choose(which, q_head, k_head, v_head)
    stride = choose(which, q_token, k_token, v_token)
    means = choose(which, q_stored, k_stored, v_stored) + (batch * count + head) * stored * D

    WIDE: tl.constexpr = tl.float64 if x.dtype.element_ty == tl.float64 else tl.float32
    slot = tl.program_id(0) % blocks * ROWS + tl.arange(0, ROWS)
    inside = slot < gathered
    flat = tl.load(indices + row * gathered + slot, mask=inside, other=0)
    coarse = flat >= stored_from
    fine = (flat >= padded) & (flat < stored_from)
    token = tl.where(fine, (flat - padded) * P + (P - 1 if SHIFTED else 0), flat)
    d = tl.arange(0, BLOCK_D)
    column = (d < D)[None, :]
    base = tl.where(coarse, means + (flat - stored_from).to(tl.int64) * D, x + token.to(tl.int64) * stride)
    there = inside & (coarse | (token < tokens))
    total = tl.load(base[:, None] + d[None, :], mask=there[:, None] & column, other=0.0).to(WIDE)
    if APART and POOLED > 1:  # tokens and stored rows are as they should be
        turned = (d < D) & (which < 2)
        angle = table + (POOLED - 1) * D + d
        crossed = tl.where(fine[:, None], total * tl.load(angle + SPAN * D, mask=turned, other=0.0)[None, :], 0.0)
        total *= tl.where(fine[:, None], tl.load(angle, mask=turned, other=1.0)[None, :], 1.0)
    for inner in tl.static_range(1, POOLED):
        there = inside & fine & (token + inner < tokens)
        pointers = base[:, None] + inner * stride + d[None, :]
        values = tl.load(pointers, mask=there[:, None] & column, other=0.0).to(WIDE)
        if APART:
            angle -= D
            crossed += values * tl.load(angle + SPAN * D, mask=turned, other=0.0)[None, :]
            total += values * tl.load(angle, mask=turned, other=1.0)[None, :]
        else:
            total += values
    if APART and POOLED > 1:
        total -= exchanged(crossed, d, APART, ROWS, BLOCK_D)
    if POOLED > 1 and not SHIFTED:
        total *= tl.where(fine, 1.0 / P, 1.0)[:, None]
    rows = choose(which, q_rows, k_rows, v_rows) + row * gathered * D
    pointers = rows + slot.to(tl.int64)[:, None] * D + d[None, :]
    tl.store(pointers, total.to(rows.dtype.element_ty), mask=inside[:, None] & column)
