"""Stage 1, pool: the mean pyramid of Q, K and V, and the max pyramid of the scores (paper, section 3)."""

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


def max_pyramid(scores: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Take the maximum score of every entry's window; tokens of the right padding score -inf.

    Args:
        scores: [B, H, N] token scores.
        layout: sizes of the pyramid over N tokens.

    Returns:
        [B, H, P] float32 scores by flat index.
    """
    level = torch.nn.functional.pad(scores.float(), (0, layout.padded - layout.tokens), value=float("-inf"))
    levels = [level]
    for size in layout.sizes[1:]:
        level = level.unflatten(2, (size, layout.factor)).amax(3)
        levels.append(level)
    return torch.cat(levels, dim=2)
