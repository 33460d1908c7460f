"""Stage 6, scatter: each entry's output is added to the tokens behind its window (paper, section 3).

Entry (l, i) reaches positions [i·p^l + p^l - 1, i·p^l + 2p^l - 2]. Within a level these ranges follow one another,
so a level's contribution is its rows repeated p^l times and shifted right by p^l - 1.
"""

import torch

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.gather import take


def scatter(out: torch.Tensor, indices: torch.Tensor, inverse: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Sum the contributions of the gathered entries at each token, level 0 first.

    Args:
        out: [B, H, S, D] attention output on the gathered sequence.
        indices: [B, H, S] flat index of each slot.
        inverse: [B, H, P] slot of each entry, or -1.
        layout: sizes of the pyramid.

    Returns:
        [B, H, N, D] in the dtype of out, accumulated in float32 (float64 for float64).
    """
    wide = out if out.dtype == torch.float64 else out.float()
    pyramid = take(wide, inverse, indices)
    total = pyramid[:, :, : layout.tokens]
    for level in range(1, layout.levels):
        width = layout.factor**level
        start, size = layout.offsets[level], layout.sizes[level]
        rows = pyramid[:, :, start : start + size, None].expand(-1, -1, -1, width, -1).flatten(2, 3)
        total = total + torch.nn.functional.pad(rows, (0, 0, width - 1, 0))[:, :, : layout.tokens]
    return total.to(out.dtype)
