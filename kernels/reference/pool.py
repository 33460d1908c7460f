"""Stage 1, pool: the mean pyramid of Q, K and V (paper, section 3)."""

import torch

from lh_eval.kernels.layout import Layout


def mean_pyramid(x: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Mean-pool a sequence into every level; tokens of the right padding are zero.

    Args:
        x: [B, H, N, D] queries, keys or values.
        layout: sizes of the pyramid over N tokens.

    Returns:
        [B, H, P, D] entries by flat index, in the dtype of x.
    """
    base = torch.nn.functional.pad(x, (0, 0, 0, layout.padded - layout.tokens))
    wide = base if base.dtype == torch.float64 else base.float()
    levels = [base]
    for size in layout.sizes[1:]:
        means = wide.unflatten(2, (size, layout.padded // size)).mean(3)
        levels.append(means.to(x.dtype))
    return torch.cat(levels, dim=2)
