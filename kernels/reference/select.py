"""Stages 3 and 4, select and order: the stratified cascade over tiles, then causal order (DESIGN: paper, Eq. 6).

Scores are ordered totally: the higher score first, then the lower flat index. Both are packed into one int64, so
that the rule is the same whatever sorts them.
"""

import torch

from lh_eval.kernels.layout import Layout

_NEVER = torch.iinfo(torch.int64).min


def pack(scores: torch.Tensor) -> torch.Tensor:
    """Pack scores with their flat index into integers whose order is the selection's.

    Args:
        scores: [..., P] float32 without NaN.

    Returns:
        [..., P] int64, unique along the last dim, larger for a higher score and, at equal scores, a lower index.
    """
    bits = (scores + 0.0).contiguous().view(torch.int32).long()  # + 0.0: -0.0 ties with 0.0
    ordered = torch.where(bits >= 0, bits, -(bits & 0x7FFFFFFF) - 1)
    index = torch.arange(scores.shape[-1], device=scores.device)
    return ordered * 2**32 + (2**32 - 1 - index)


def select(query_scores: torch.Tensor, key_scores: torch.Tensor, layout: Layout, *, forced: int = 0) -> torch.Tensor:
    """Keep tile_k entries per tile and level from the coarsest level down; gather every candidate.

    In each tile and level, the tile_k/2 candidates with the highest query score are kept, then the tile_k/2 with
    the highest key score among the rest. Kept entries' children are the candidates of the next finer level; at
    level 0 all candidates enter.

    Args:
        query_scores: [B, H, P] float32 scores as queries, by flat index.
        key_scores: [B, H, P] float32 scores as keys.
        layout: sizes of the pyramid.
        forced: tokens at the start whose ancestors are kept before all others.

    Returns:
        [B, H, S] int64 flat indices in causal order.
    """
    B, H, _ = query_scores.shape
    device = query_scores.device
    half = layout.tile_k // 2
    query_order, key_order = pack(query_scores), pack(key_scores)

    candidates = _tiles(layout, device).expand(B, H, -1, -1)
    gathered, order = [], []
    for level in range(layout.levels - 1, -1, -1):
        offset, width = layout.offsets[level], layout.factor**level
        valid = candidates >= 0
        # a kept entry sorts behind its last child, every other entry at its first token; in units of 2^-(L-1)
        unit = 2 ** (layout.levels - 1)
        position = candidates * width * unit
        if level > 0:
            flat = (candidates.clamp(min=0) + offset).flatten(2)
            by_query = query_order.gather(2, flat).view_as(candidates)
            by_key = key_order.gather(2, flat).view_as(candidates)
            first = valid & (candidates * width < forced)
            by_query = by_query.masked_fill(first, torch.iinfo(torch.int64).max).masked_fill(~valid, _NEVER)
            kept = _top(by_query, half)
            by_key = by_key.masked_fill(first, torch.iinfo(torch.int64).max).masked_fill(kept | ~valid, _NEVER)
            kept = kept | _top(by_key, half)
            behind = (candidates + 1) * width * unit - unit // 2**level
            position = torch.where(kept, behind, position)
        gathered.append((candidates + offset)[valid].view(B, H, -1))
        order.append(position[valid].view(B, H, -1))
        if level > 0:
            candidates = _children(candidates, kept, layout)
    ranks = torch.cat(order, dim=2).argsort(dim=2)
    return torch.cat(gathered, dim=2).gather(2, ranks)


def _tiles(layout: Layout, device: torch.device) -> torch.Tensor:
    """[tiles, longest] coarsest entries of each tile; -1 fills the shorter ones."""
    sizes = torch.tensor(layout.tile_sizes, device=device)
    column = torch.arange(layout.tile_sizes[0], device=device)
    return torch.where(column < sizes[:, None], (sizes.cumsum(0) - sizes)[:, None] + column, -1)


def _top(order: torch.Tensor, count: int) -> torch.Tensor:
    """Mask of the `count` highest along the last dim; `_NEVER` is not taken."""
    best = order.topk(min(count, order.shape[-1]), dim=-1)
    return torch.zeros_like(order, dtype=torch.bool).scatter(-1, best.indices, best.values != _NEVER)


def _children(candidates: torch.Tensor, kept: torch.Tensor, layout: Layout) -> torch.Tensor:
    """[B, H, tiles, p·kept] children of the kept entries, ascending; -1 fills tiles that kept fewer."""
    most = min(layout.tile_k, candidates.shape[-1])
    parents = torch.where(kept, candidates, torch.iinfo(torch.int64).max).sort(dim=-1).values[..., :most]
    parents = torch.where(parents == torch.iinfo(torch.int64).max, -1, parents)
    children = parents[..., None] * layout.factor + torch.arange(layout.factor, device=candidates.device)
    return torch.where(parents[..., None] >= 0, children, -1).flatten(-2)
