"""Attention of several questions that share one context, its keys and values there once.

All questions' queries attend to the context in one call without a mask, each to its own tokens in another, and the two
are put together by their log-sums: what softmax over both would give.

Source: Juravsky et al. 2024, Hydragen, arXiv:2402.05099, section 3.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple

import torch
import torch.nn.functional as F

_MOST_DIM = 256  # of a head, in flash attention
_DIM_UNIT = 8


class Layout(NamedTuple):
    """Where the keys of a row lie.

    context: tokens of the context, which every question sees.
    own: [Q, T] for each of Q questions the places of its T tokens behind the context, the newest last.
    """

    context: int
    own: torch.Tensor


_layout: ContextVar[Layout | None] = ContextVar("_layout", default=None)


@contextlib.contextmanager
def laid_out(layout: Layout) -> Iterator[None]:
    """Within the block a model's calls, under `use_lighthouse`, are questions side by side."""
    token = _layout.set(layout)
    try:
        yield
    finally:
        _layout.reset(token)


def current_layout() -> Layout | None:
    """The layout of the block that the caller is in."""
    return _layout.get()


def attend_side_by_side(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, layout: Layout, scale: float | None
) -> torch.Tensor:
    """Each question's newest tokens over the context and over its own up to themselves.

    Args:
        query: [B, H, Q*n, D] n new tokens of each question, one question after the other.
        key: [B, G, P+A, D] context, then what was appended.
        value: [B, G, P+A, D].
        layout: where they lie.
        scale: of the scores; 1/sqrt(D) if None.

    Returns:
        [B, Q*n, H, D].
    """
    B, H, W, D = query.shape
    G, (Q, T) = key.shape[1], layout.own.shape
    r, n = H // G, W // Q
    scale = D**-0.5 if scale is None else scale
    # without a mask queries have no order, so that a group's heads are but more queries of its one key head
    of_all, sum_of_all = _attend(
        query.reshape(B, G, r * W, D), key[:, :, : layout.context], value[:, :, : layout.context], scale
    )
    keys, values = (
        x[:, :, layout.context :].index_select(2, layout.own.flatten()).view(B, G, Q, T, D) for x in (key, value)
    )
    asked = query.view(B, G, r, Q, n, D)
    scores = torch.einsum("bgrqnd,bgqtd->bgrqnt", asked.float(), keys.float()) * scale
    later = torch.ones(n, T, dtype=torch.bool, device=query.device).triu(T - n + 1)
    scores.masked_fill_(later, -torch.inf)
    sum_of_own = scores.logsumexp(-1)
    of_own = torch.einsum("bgrqnt,bgqtd->bgrqnd", (scores - sum_of_own[..., None]).exp(), values.float())

    sum_of_all = sum_of_all.view(B, G, r, Q, n)
    total = torch.logaddexp(sum_of_all, sum_of_own)[..., None]
    out = of_all.view(B, G, r, Q, n, D) * (sum_of_all[..., None] - total).exp()
    out += of_own * (sum_of_own[..., None] - total).exp()
    return out.to(query.dtype).view(B, H, W, D).transpose(1, 2)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention without a mask [B, G, R, D], and the log of each query's summed exponentials [B, G, R] float32."""
    D = query.shape[-1]
    if query.device.type == "cpu":
        found = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, scale=scale)
    elif query.device.type == "cuda" and query.dtype.itemsize == 2 and D <= _MOST_DIM:
        query, key, value = (F.pad(x, (0, -D % _DIM_UNIT)) if D % _DIM_UNIT else x for x in (query, key, value))
        found = torch.ops.aten._scaled_dot_product_flash_attention(query, key, value, scale=scale)
    elif query.device.type == "cuda":
        found = torch.ops.aten._scaled_dot_product_efficient_attention(
            query, key, value, None, compute_log_sumexp=True, scale=scale
        )
    else:
        scores = (query.float() @ key.float().mT) * scale
        sums = scores.logsumexp(-1)
        return (scores - sums[..., None]).exp() @ value.float(), sums
    out, sums = found[:2]
    return out[..., :D].float(), sums[..., : query.shape[2]].float()
