"""A method over each row's real tokens: padding is read out of the mask that transformers makes for `sdpa`."""

import torch

from lh_eval.errors import InputError
from lh_eval.modeling.attention import LayerAttention


def unpadded(
    attention: LayerAttention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor,
    scale: float | None,
) -> torch.Tensor:
    """Attention over each row's real tokens, [B, H, N, D]; padding has no part in it, and its output is zero."""
    rows = []
    for row, (start, stop) in enumerate(real_spans(mask)):
        q, k, v = (x[row : row + 1, :, start:stop] for x in (query, key, value))
        out, _ = attention.attend(q, k, v, scale)
        rows.append(torch.nn.functional.pad(out, (0, 0, start, query.shape[2] - stop)))
    return torch.cat(rows)


def real_spans(mask: torch.Tensor) -> list[tuple[int, int]]:
    """First and last-but-one position of each row's real tokens.

    Args:
        mask: [B, 1, N, N] causal mask with padding, True (or 0.0) where a query sees a key.

    Raises:
        InputError: a row's mask is something other than causal attention among one run of tokens.
    """
    if mask.ndim != 4 or mask.shape[1] != 1 or mask.shape[2] != mask.shape[3]:
        raise InputError(f"attention mask must be [B, 1, N, N] under Lighthouse, got shape {tuple(mask.shape)}")
    seen = mask if mask.dtype == torch.bool else mask == 0
    causal = torch.ones(mask.shape[2:], dtype=torch.bool, device=mask.device).tril()
    spans = []
    for row in seen[:, 0]:
        real = row.any(0).nonzero().flatten()
        start, stop = (int(real[0]), int(real[-1]) + 1) if len(real) else (0, 0)
        inside = row[start:stop, start:stop]
        if stop - start != len(real) or stop == start or not torch.equal(inside, causal[: len(real), : len(real)]):
            raise InputError(
                "attention mask must be causal over one run of real tokens a row under Lighthouse; "
                "packed sequences are not supported"
            )
        spans.append((start, stop))
    return spans
