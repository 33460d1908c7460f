"""Stage 2, score: the max pyramid of token scores (paper, section 3), the same for every implementation."""

import torch

from lh_eval.kernels.layout import Layout


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
