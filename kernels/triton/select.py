"""Stages 3 and 4, select and order: the stratified cascade, one program a tile and head, without a sort.

A budget's cut is the m-th highest score, found by bisecting the bits of the float; scores at the cut are taken by
ascending index, so the order is the reference's total one. Slots follow from prefix sums: causal order is a
post-order walk of the kept tree, and a tile's gathered entries are a contiguous run whose place is known beforehand.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.triton.common import power_of_two
from lh_eval.kernels.triton.launch import Launcher

_BLOCK = 2048


def select(
    query_scores: torch.Tensor, key_scores: torch.Tensor, layout: Layout, *, forced: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Keep tile_k entries per tile and level, gather every candidate; see the reference of the same name.

    Args:
        query_scores: [B, H, P - N'] float32 scores of the levels from 1 on, by flat index less the padded length N'.
        key_scores: [B, G, P - N'] float32 scores as keys, H a multiple of G.
        layout: sizes of the pyramid.
        forced: tokens at the start whose ancestors are kept before all others.

    Returns:
        [B, H, S] int32 flat indices in causal order and [B, H, P] int32 slot of each entry, -1 where not gathered.
    """
    B, H, scored = query_scores.shape
    device = query_scores.device
    indices = torch.empty(B, H, layout.gathered, dtype=torch.int32, device=device)
    inverse = torch.empty(B, H, layout.entries, dtype=torch.int32, device=device)
    short, longer = divmod(layout.sizes[-1], layout.tiles)
    most = layout.candidates(short + (longer > 0))
    scratch = torch.empty(B * H * layout.tiles, 5, sum(most), dtype=torch.int32, device=device)
    block = min(_BLOCK, max(32, power_of_two(max(most))))
    _select_kernel(
        (B * H * layout.tiles, 1, 1),
        (query_scores, key_scores, indices, inverse, scratch),
        heads=H,
        groups=key_scores.shape[1],
        scored=scored,
        entries=layout.entries,
        gathered=layout.gathered,
        padded=layout.padded,
        tiles=layout.tiles,
        short=short,
        longer=longer,
        short_gathered=sum(layout.candidates(short)),
        long_gathered=sum(layout.candidates(short + 1)),
        room=sum(most),
        forced=forced,
        TILE_K=layout.tile_k,
        P=layout.factor,
        L=layout.levels,
        BLOCK=block,
        num_warps=max(1, block // 256),
    )
    return indices, inverse


@Launcher
@triton.jit
def _select_kernel(
    query_scores,
    key_scores,
    indices,
    inverse,
    scratch,
    heads,
    groups,
    scored,
    entries,
    gathered,
    padded,
    tiles,
    short,
    longer,
    short_gathered,
    long_gathered,
    room,
    forced,
    TILE_K: tl.constexpr,
    P: tl.constexpr,
    L: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One tile of one head: candidates of each level in `scratch`, the coarsest level's first."""
    tile = tl.program_id(0) % tiles
    row = (tl.program_id(0) // tiles).to(tl.int64)
    group_row = row // heads * groups + row % heads // (heads // groups)
    query_scores += row * scored
    key_scores += group_row * scored
    scratch += tl.program_id(0).to(tl.int64) * 5 * room
    entry = scratch  # index of each candidate within its level
    before = scratch + room  # entries of coarser levels that precede it, less those of its own
    kept = scratch + 2 * room  # kept candidates up to and with it
    query = (scratch + 3 * room).to(tl.pointer_type(tl.uint32))  # scores in the order of unsigned integers
    key = (scratch + 4 * room).to(tl.pointer_type(tl.uint32))
    lane = tl.arange(0, BLOCK)

    indices += row * gathered
    inverse += row * entries

    size = short + (tile < longer).to(tl.int32)
    start = tile * short + tl.minimum(tile, longer)
    for level in tl.static_range(L):
        below = P ** (L - 1 - level)  # entries of this level in a coarsest one
        offset = _offset(padded, level, P) + start * below
        for first in range(0, size * below, BLOCK):
            tl.store(inverse + offset + first + lane, -1, mask=first + lane < size * below)
    for first in range(0, size, BLOCK):
        j = first + lane
        tl.store(entry + j, start + j, mask=j < size)
        tl.store(before + j, tl.zeros([BLOCK], tl.int32), mask=j < size)
    tl.debug_barrier()

    for step in tl.static_range(L - 1):
        _keep(
            *(query_scores, key_scores, entry, before, kept, query, key, size, padded, forced),
            L - 1 - step,
            TILE_K,
            P,
            L,
            BLOCK,
        )

    slots = tile * short_gathered + tl.minimum(tile, longer) * (long_gathered - short_gathered)
    for level in tl.static_range(L):
        here, count = _candidates(size, level, TILE_K, P, L)
        offset = _offset(padded, level, P)
        for first in range(0, count, BLOCK):
            j = first + lane
            inside = j < count
            slot = slots + j + tl.load(before + here + j, mask=inside, other=0)
            if level > 0:
                # finer entries that precede: children of the kept up to here, of those the kept ones' children, ...
                finer = tl.load(kept + here + j, mask=inside, other=0) * P
                slot += finer
                for step in tl.static_range(1, level):
                    there, _ = _candidates(size, level - step, TILE_K, P, L)
                    some = inside & (finer > 0)
                    finer = tl.load(kept + there + finer - 1, mask=some, other=0) * P
                    slot += finer
            flat = offset + tl.load(entry + here + j, mask=inside, other=0)
            tl.store(indices + slot, flat, mask=inside)
            tl.store(inverse + flat, slot, mask=inside)


@triton.jit
def _keep(
    query_scores,
    key_scores,
    entry,
    before,
    kept,
    query,
    key,
    size,
    padded,
    forced,
    level: tl.constexpr,
    TILE_K: tl.constexpr,
    P: tl.constexpr,
    L: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Choose what a level keeps; the children are the next level's candidates."""
    lane = tl.arange(0, BLOCK)
    here, count = _candidates(size, level, TILE_K, P, L)
    below, _ = _candidates(size, level - 1, TILE_K, P, L)
    scores_at = _offset(padded, level, P) - padded
    for first in range(0, count, BLOCK):
        j = first + lane
        inside = j < count
        i = tl.load(entry + here + j, mask=inside, other=0)
        by_query = tl.load(query_scores + scores_at + i, mask=inside, other=0.0)
        by_key = tl.load(key_scores + scores_at + i, mask=inside, other=0.0)
        ahead = i.to(tl.int64) * (P**level) < forced
        tl.store(query + j, tl.where(ahead, 0xFFFFFFFF, _ordered(by_query)).to(tl.uint32), mask=inside)
        tl.store(key + j, tl.where(ahead, 0xFFFFFFFF, _ordered(by_key)).to(tl.uint32), mask=inside)
    tl.debug_barrier()

    # by query; what is taken leaves the keys
    take = tl.minimum(TILE_K // 2, count)
    cut, ties = _cut(query, count, take, TILE_K, BLOCK)
    tied = 0
    for first in range(0, count, BLOCK):
        j = first + lane
        inside = j < count
        score = tl.load(query + j, mask=inside, other=0)
        taken, tied = _taken(score, inside, cut, ties, tied)
        tl.store(query + j, taken.to(tl.uint32), mask=inside)
        tl.store(key + j, tl.zeros([BLOCK], tl.uint32), mask=inside & taken)
    tl.debug_barrier()

    take = tl.minimum(TILE_K // 2, count - take)
    cut, ties = _cut(key, count, take, TILE_K, BLOCK)
    tied = 0
    rank = 0
    for first in range(0, count, BLOCK):
        j = first + lane
        inside = j < count
        score = tl.load(key + j, mask=inside, other=0)
        taken, tied = _taken(score, inside & (score > 0), cut, ties, tied)
        taken = taken | (inside & (tl.load(query + j, mask=inside, other=0) > 0))
        upto = rank + tl.cumsum(taken.to(tl.int32), axis=0)
        rank += tl.sum(taken.to(tl.int32), axis=0)
        tl.store(kept + here + j, upto, mask=inside)
        i = tl.load(entry + here + j, mask=inside, other=0)
        preceding = tl.load(before + here + j, mask=inside, other=0) + j
        for child in tl.static_range(P):
            place = below + (upto - 1) * P + child
            tl.store(entry + place, i * P + child, mask=taken)
            tl.store(before + place, preceding, mask=taken)
    tl.debug_barrier()


@triton.jit
def _candidates(size, level: tl.constexpr, TILE_K: tl.constexpr, P: tl.constexpr, L: tl.constexpr):
    """Where a level's candidates start in a tile's scratch, and how many they are."""
    at = 0
    count = size
    for _ in tl.static_range(L - 1 - level):
        at += count
        count = tl.minimum(count, TILE_K) * P
    return at, count


@triton.jit
def _offset(padded, level: tl.constexpr, P: tl.constexpr):
    """Flat index of a level's first entry."""
    offset = 0
    for finer in tl.static_range(level):
        offset += padded // (P**finer)
    return offset


@triton.jit
def _ordered(score):
    """Unsigned integers above 0 in the order of the float32 scores; -0.0 ties with 0.0."""
    bits = (score + 0.0).to(tl.uint32, bitcast=True)
    return tl.where(bits >> 31 == 1, bits ^ 0xFFFFFFFF, bits | 0x80000000)


@triton.jit
def _cut(scores, count, take, TILE_K: tl.constexpr, BLOCK: tl.constexpr):
    """The take-th highest of `count` scores, and how many at that score are taken.

    Two bits a pass: one sum counts the scores at or above three trials, 21 bits each. Where no more than TILE_K
    candidates exist all are kept, and the cut is below every score.
    """
    lane = tl.arange(0, BLOCK)
    cut = tl.full([], 0, tl.uint32)
    bit = tl.full([], 1 << 30, tl.uint32)
    for _ in range(tl.where(count > TILE_K, 16, 0)):
        reached = tl.zeros([BLOCK], tl.int64)
        for first in range(0, count, BLOCK):
            score = tl.load(scores + first + lane, mask=first + lane < count, other=0)
            reached += (score >= cut + bit).to(tl.int64)
            reached += (score >= cut + bit * 2).to(tl.int64) << 21
            reached += (score >= cut + bit * 3).to(tl.int64) << 42
        counts = tl.sum(reached, axis=0)
        digit = (
            ((counts & 0x1FFFFF) >= take).to(tl.uint32)
            + ((counts >> 21 & 0x1FFFFF) >= take).to(tl.uint32)
            + ((counts >> 42) >= take).to(tl.uint32)
        )
        cut += bit * digit
        bit = bit >> 2
    above = tl.zeros([BLOCK], tl.int32)
    for first in range(0, count, BLOCK):
        score = tl.load(scores + first + lane, mask=first + lane < count, other=0)
        above += (score > cut).to(tl.int32)
    return cut, take - tl.sum(above, axis=0)


@triton.jit
def _taken(score, inside, cut, ties, tied):
    """Which scores are above the cut or among the first `ties` at it; `tied` were met before this block."""
    at = (inside & (score == cut)).to(tl.int32)
    rank = tied + tl.cumsum(at, axis=0)
    return inside & ((score > cut) | ((at == 1) & (rank <= ties))), tied + tl.sum(at, axis=0)
