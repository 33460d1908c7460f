"""Stages 1 and 2, pool and score: window means of Q, K and V and norm scores of Q and K, each token read once.

Means are stored from `stored_level` on; finer ones are never needed but where they are selected (see gather). The
norm scorer's sums of squares are float64, as in `lh_eval.scorers.norm`, so that the scores are the reference's.
"""

from typing import Any

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
    locate,
    power_of_two,
    rows_contiguous,
    stored_entries,
    stored_level,
)
from lh_eval.kernels.triton.launch import Launcher

_TILE_BYTES = 2048


def pool(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    layout: Layout,
    *,
    norms: bool,
    rotation: Rotation | None = None,
) -> tuple[torch.Tensor, ...]:
    """Means of every stored window and, if wanted, the pyramids of norm scores.

    Args:
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        layout: sizes of the pyramid over N tokens.
        norms: whether to score; without, there are no scores in what is returned.
        rotation: rotate the tokens of q and k by their distance to the last of their window first.

    Returns:
        Means of q [B, H, M, D], k and v [B, G, M, D], M entries from `stored_level` on by flat index, in their dtype;
        float32 scores of q [B, H, P - N'] and k [B, G, P - N'] of the levels from 1 on, N' the padded length.
        Windows of padding score -inf; a window that holds a norm which is not finite scores inf. The last result,
        int64 [1], is 0 where all of q, k and v are finite, and the place of one that is not otherwise; see `refuse`.
    """
    scored = layout.entries - layout.padded if norms else 0
    means = [x.new_empty(*x.shape[:2], stored_entries(layout), x.shape[3]) for x in (q, k, v)]
    scores = [x.new_empty(*x.shape[:2], scored, dtype=torch.float32) for x in (q, k)]
    bad = torch.zeros(1, dtype=torch.int64, device=q.device)
    _launch((q, k, v), means, scores, bad, layout, norms=norms, shifted=False, rotation=rotation)
    return *means, *scores, bad


def shifted_sums(x: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Sums of x [B, H, N, D] over the positions that each stored entry is scattered to: [B, H, M, D]."""
    sums = x.new_empty(*x.shape[:2], stored_entries(layout), x.shape[3])
    _launch((x,), [sums], [], sums, layout, norms=False, shifted=True)
    return sums


def _launch(
    tensors: tuple[torch.Tensor, ...],
    means: list[torch.Tensor],
    scores: list[torch.Tensor],
    bad: torch.Tensor,
    layout: Layout,
    *,
    norms: bool,
    shifted: bool,
    rotation: Rotation | None = None,
) -> None:
    q, k, v = (rows_contiguous(x) for x in (tensors * 3)[:3])
    means, scores = (means * 3)[:3], (scores or means * 2)[:2]
    B, H, N, D = q.shape
    groups = k.shape[1] if len(tensors) == 3 else 0
    first = stored_level(layout)
    scored = layout.entries - layout.padded
    rows = min(block_rows(q, _TILE_BYTES), power_of_two(layout.sizes[first]))
    blocks = blocks_of(layout.sizes[first], rows)
    shared: dict[str, Any] = {
        "heads": H,
        "groups": groups,
        "stored": stored_entries(layout),
        "scored": scored,
        "P": layout.factor,
        "D": D,
        "BLOCK_D": block_dim(D),
        "NORMS": norms,
        "SHIFTED": shifted,
        "APART": rotation.apart if rotation else 0,
    }
    table = rotation.table if rotation else q
    _pool_kernel(
        (blocks * B * (H + 2 * groups), 1, 1),
        (q, k, v, *means, *scores, bad, table),
        (*q.stride()[:3], *k.stride()[:3], *v.stride()[:3]),
        tokens=N,
        blocks=blocks,
        windows=layout.sizes[first],
        finer=layout.sizes[1],
        **shared,
        OUTER=layout.factor if first == 2 else 1,
        SPAN=layout.factor ** (layout.levels - 1),
        ROWS=rows,
        num_warps=4,
    )
    for level in range(first + 1, layout.levels):
        rows = min(block_rows(q, _TILE_BYTES), power_of_two(layout.sizes[level]))
        blocks = blocks_of(layout.sizes[level], rows)
        _pool_level_kernel(
            (blocks * B * (H + 2 * groups), 1, 1),
            (*means, *scores, table),
            blocks=blocks,
            windows=layout.sizes[level],
            finer=layout.sizes[level - 1],
            source=layout.offsets[level - 1] - layout.offsets[first],
            target=layout.offsets[level] - layout.offsets[first],
            score_source=layout.offsets[level - 1] - layout.padded,
            score_target=layout.offsets[level] - layout.padded,
            **shared,
            STEP=layout.factor ** (level - 1),
            SPAN=layout.factor ** (layout.levels - 1),
            ROWS=rows,
            num_warps=4,
        )


@Launcher
@triton.jit
def _pool_kernel(
    q,
    k,
    v,
    q_means,
    k_means,
    v_means,
    q_scores,
    k_scores,
    bad,
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
    tokens,
    blocks,
    windows,
    finer,
    heads,
    groups,
    stored,
    scored,
    P: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    NORMS: tl.constexpr,
    SHIFTED: tl.constexpr,
    APART: tl.constexpr,
    OUTER: tl.constexpr,
    SPAN: tl.constexpr,
    ROWS: tl.constexpr,
):
    """ROWS windows of OUTER·P tokens of one head of q, k or v.

    Where tokens are rotated each component is summed twice, times its cosine and, for the other one of its pair, times
    its sine: pairs meet once a window.
    """
    block, row, batch, which, head, count = locate(blocks, heads, groups)
    x = choose(which, q, k, v)
    x += batch * choose(which, q_batch, k_batch, v_batch) + head.to(tl.int64) * choose(which, q_head, k_head, v_head)
    stride = choose(which, q_token, k_token, v_token)

    WIDTH: tl.constexpr = OUTER * P
    WIDE: tl.constexpr = tl.float64 if x.dtype.element_ty == tl.float64 else tl.float32
    window = block * ROWS + tl.arange(0, ROWS)
    inside = window < windows
    first = window * WIDTH + (WIDTH - 1 if SHIFTED else 0)
    d = tl.arange(0, BLOCK_D)
    total = tl.zeros([ROWS, BLOCK_D], WIDE)
    crossed = tl.zeros([ROWS, BLOCK_D], WIDE)
    turned = (d < D) & (which < 2)
    scores = choose(which, q_scores, k_scores, k_scores) + (batch * count + head) * scored
    scores_too = NORMS and which < 2
    coarse = tl.full([ROWS], float("-inf"), tl.float64)
    for outer in range(OUTER):
        fine = tl.full([ROWS], float("-inf"), tl.float64)
        for inner in tl.static_range(P):
            token = first + outer * P + inner
            there = inside & (token < tokens)
            pointers = x + token.to(tl.int64)[:, None] * stride + d[None, :]
            values = tl.load(pointers, mask=there[:, None] & (d < D)[None, :], other=0.0)
            if APART:
                angle = table + (WIDTH - 1 - outer * P - inner) * D + d
                total += values.to(WIDE) * tl.load(angle, mask=turned, other=1.0)[None, :]
                crossed += values.to(WIDE) * tl.load(angle + SPAN * D, mask=turned, other=0.0)[None, :]
            else:
                total += values.to(WIDE)
            if NORMS:
                wide = values.to(tl.float64)
                square = tl.sum(wide * wide, axis=1)
                square = tl.where(square == square, square, float("inf"))
                fine = tl.maximum(fine, tl.where(there, square, float("-inf")))
        if NORMS:
            coarse = tl.maximum(coarse, fine)
            tl.store(scores + window * OUTER + outer, _norm(fine), mask=inside & scores_too)
    if NORMS and OUTER > 1:
        tl.store(scores + finer + window, _norm(coarse), mask=inside & scores_too)
    if not SHIFTED:
        # one of those that find something is seen: any will do
        wrong = tl.max((tl.abs(total) < float("inf")).to(tl.int32) ^ 1, axis=1)
        if NORMS:  # squares overflow float32 before sums do
            wrong |= (_norm(coarse) == float("inf")).to(tl.int32)
        place = tl.max(tl.where(inside & (wrong > 0), row.to(tl.int64) * tokens + first + 1, 0), axis=0)
        tl.store(bad, place, mask=place > 0)

    means = choose(which, q_means, k_means, v_means) + (batch * count + head) * stored * D
    if APART:
        total -= exchanged(crossed, d, APART, ROWS, BLOCK_D)
    if not SHIFTED:
        total *= 1.0 / WIDTH
    pointers = means + window.to(tl.int64)[:, None] * D + d[None, :]
    tl.store(pointers, total.to(means.dtype.element_ty), mask=inside[:, None] & (d < D)[None, :])


@triton.jit
def _norm(square):
    """Float32 square root of float64 sums; -inf stays."""
    return tl.where(square >= 0, tl.sqrt(tl.maximum(square, 0.0)), float("-inf")).to(tl.float32)


@Launcher
@triton.jit
def _pool_level_kernel(
    q_means,
    k_means,
    v_means,
    q_scores,
    k_scores,
    table,
    blocks,
    windows,
    finer,
    source,
    target,
    score_source,
    score_target,
    heads,
    groups,
    stored,
    scored,
    P: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    NORMS: tl.constexpr,
    SHIFTED: tl.constexpr,
    APART: tl.constexpr,
    STEP: tl.constexpr,
    SPAN: tl.constexpr,
    ROWS: tl.constexpr,
):
    """ROWS entries of a level from the next finer one, whose windows are STEP tokens."""
    block, _, batch, which, head, count = locate(blocks, heads, groups)
    means = choose(which, q_means, k_means, v_means) + (batch * count + head) * stored * D
    scores = choose(which, q_scores, k_scores, k_scores) + (batch * count + head) * scored
    scores_too = NORMS and which < 2

    WIDE: tl.constexpr = tl.float64 if means.dtype.element_ty == tl.float64 else tl.float32
    window = block * ROWS + tl.arange(0, ROWS)
    inside = window < windows
    d = tl.arange(0, BLOCK_D)
    total = tl.zeros([ROWS, BLOCK_D], WIDE)
    crossed = tl.zeros([ROWS, BLOCK_D], WIDE)
    turned = (d < D) & (which < 2)
    best = tl.full([ROWS], float("-inf"), tl.float32)
    for inner in range(P):
        child = window * P + inner + (P - 1 if SHIFTED else 0)
        there = inside & (child < finer)
        pointers = means + (source + child).to(tl.int64)[:, None] * D + d[None, :]
        values = tl.load(pointers, mask=there[:, None] & (d < D)[None, :], other=0.0).to(WIDE)
        if APART:
            angle = table + (P - 1 - inner) * STEP * D + d
            total += values * tl.load(angle, mask=turned, other=1.0)[None, :]
            crossed += values * tl.load(angle + SPAN * D, mask=turned, other=0.0)[None, :]
        else:
            total += values
        if NORMS:
            best = tl.maximum(
                best, tl.load(scores + score_source + child, mask=there & scores_too, other=float("-inf"))
            )
    if APART:
        total -= exchanged(crossed, d, APART, ROWS, BLOCK_D)
    if not SHIFTED:
        total *= 1.0 / P
    pointers = means + (target + window).to(tl.int64)[:, None] * D + d[None, :]
    tl.store(pointers, total.to(means.dtype.element_ty), mask=inside[:, None] & (d < D)[None, :])
    if NORMS:
        tl.store(scores + score_target + window, best, mask=inside & scores_too)
