"""Stage 2 for scores that no other kernel pools: the max pyramid of `lh_eval.kernels.max_pyramid`, from level 1 on."""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.triton.common import blocks_of
from lh_eval.kernels.triton.launch import Launcher

_ENTRIES = 1024


def max_pyramid(query: torch.Tensor, key: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, ...]:
    """Maxima of every window of the levels from 1 on.

    Args:
        query: [B, H, N] scores.
        key: [B, G, N] scores; another number of heads is allowed.
        layout: sizes of the pyramid over N tokens.

    Returns:
        [B, H, P - N'] and [B, G, P - N'] float32, N' the padded length: windows of padding score -inf, one that holds a
        score which is not finite scores inf. Then int64 [1], 1 if there is such a score and 0 otherwise.
    """
    query, key = (x.float().contiguous() for x in (query, key))
    scored = layout.entries - layout.padded
    pyramids = [x.new_empty(*x.shape[:2], scored) for x in (query, key)]
    bad = torch.zeros(1, dtype=torch.int64, device=query.device)
    sources, source, width, finer = (query, key), 0, layout.tokens, layout.tokens
    for level in range(1, layout.levels):
        blocks = blocks_of(layout.sizes[level], _ENTRIES)
        rows = [x.shape[0] * x.shape[1] for x in (query, key)]
        _max_pyramid_kernel(
            (blocks * sum(rows), 1, 1),
            (*sources, *pyramids, bad),
            blocks=blocks,
            rows=rows[0],
            source=source,
            width=width,
            finer=finer,
            target=layout.offsets[level] - layout.padded,
            scored=scored,
            size=layout.sizes[level],
            P=layout.factor,
            TOKENS=level == 1,
            ENTRIES=_ENTRIES,
            num_warps=4,
        )
        sources, source, width = pyramids, layout.offsets[level] - layout.padded, scored
        finer = layout.sizes[level]
    return *pyramids, bad


@Launcher
@triton.jit
def _max_pyramid_kernel(
    query,
    key,
    query_pyramid,
    key_pyramid,
    bad,
    blocks,
    rows,
    source,
    width,
    finer,
    target,
    scored,
    size,
    P: tl.constexpr,
    TOKENS: tl.constexpr,
    ENTRIES: tl.constexpr,
):
    """ENTRIES entries of a level, of one row of query or key scores, from the next finer level's."""
    row = (tl.program_id(0) // blocks).to(tl.int64)
    is_key = row >= rows
    row -= tl.where(is_key, rows, 0)
    scores = tl.where(is_key, key, query) + row * width + source
    pyramid = tl.where(is_key, key_pyramid, query_pyramid) + row * scored + target
    entry = tl.program_id(0) % blocks * ENTRIES + tl.arange(0, ENTRIES)
    best = tl.full([ENTRIES], float("-inf"), tl.float32)
    wrong = tl.zeros([ENTRIES], tl.int32)
    for inner in range(P):
        child = entry * P + inner
        there = (entry < size) & (child < finer)
        score = tl.load(scores + child, mask=there, other=float("-inf"))
        if TOKENS:
            odd = there & ((tl.abs(score) < float("inf")) == 0)  # NaN among them
            score = tl.where(odd, float("inf"), score)
            wrong |= odd.to(tl.int32)
        best = tl.maximum(best, score)
    if TOKENS:
        found = tl.max(wrong, axis=0)
        tl.store(bad, found.to(tl.int64), mask=found > 0)  # all that store store 1
    tl.store(pyramid + entry, best, mask=entry < size)
