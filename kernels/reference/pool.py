"""Stage 1, pool: the mean pyramid of Q, K and V (paper, section 3)."""

import torch

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.rotation import Rotation, rotate


def mean_pyramid(x: torch.Tensor, layout: Layout, rotation: Rotation | None = None) -> torch.Tensor:
    """Mean-pool a sequence into every level; tokens of the right padding are zero.

    Args:
        x: [B, H, N, D] queries, keys or values.
        layout: sizes of the pyramid over N tokens.
        rotation: rotate each token by its distance to the last of its window first (rope="after").

    Returns:
        [B, H, P, D] entries by flat index, in the dtype of x.
    """
    base = torch.nn.functional.pad(x, (0, 0, 0, layout.padded - layout.tokens))
    wide = base if base.dtype == torch.float64 else base.float()
    levels = [base]
    for size in layout.sizes[1:]:
        width = layout.padded // size
        windows = wide.unflatten(2, (size, width))
        if rotation is not None:
            windows = rotate(windows.flip(3), rotation, slice(width))  # the last token of a window is 0 away
        levels.append(windows.mean(3).to(x.dtype))
    return torch.cat(levels, dim=2)
