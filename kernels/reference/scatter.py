"""Stage 6, scatter: each entry's output goes to the tokens behind its window (paper, section 3).

Entry (l, i) reaches positions [i·p^l + p^l - 1, i·p^l + 2p^l - 2]. Within a level these ranges follow one another,
so a level's contribution is its rows repeated p^l times and shifted right by p^l - 1.
"""

import torch

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.gather import take


def scatter(
    out: torch.Tensor, indices: torch.Tensor, inverse: torch.Tensor, layout: Layout, combine: str = "sum"
) -> torch.Tensor:
    """Combine the contributions of the gathered entries at each token, at most one a level, level 0 first.

    Args:
        out: [B, H, S, D] attention output on the gathered sequence.
        indices: [B, H, S] flat index of each slot.
        inverse: [B, H, P] slot of each entry, or -1.
        layout: sizes of the pyramid.
        combine: "sum" of the contributions, as released; "finest", that of the finest level alone; or their "mean".

    Returns:
        [B, H, N, D] in the dtype of out, zero where nothing reaches, accumulated in float32 (float64 for float64).
    """
    wide = out if out.dtype == torch.float64 else out.float()
    pyramid = take(wide, inverse, indices)
    total, count = pyramid[:, :, : layout.tokens], (inverse[:, :, : layout.tokens, None] >= 0).to(wide.dtype)
    for level in range(1, layout.levels):
        rows = _behind(pyramid, level, layout)
        if combine != "sum":
            reached = _behind((inverse[..., None] >= 0).to(wide.dtype), level, layout)
            if combine == "finest":
                rows = rows.masked_fill(count > 0, 0)
            count = count + reached
        total = total + rows
    if combine == "mean":
        total = total / count.clamp(min=1)
    return total.to(out.dtype)


def _behind(pyramid: torch.Tensor, level: int, layout: Layout) -> torch.Tensor:
    """What a level's entries [B, H, P, D] bring to each token, [B, H, N, D]."""
    width = layout.factor**level
    start, size = layout.offsets[level], layout.sizes[level]
    rows = pyramid[:, :, start : start + size, None].expand(-1, -1, -1, width, -1).flatten(2, 3)
    return torch.nn.functional.pad(rows, (0, 0, width - 1, 0))[:, :, : layout.tokens]
