"""Attention of several questions that share one context, its keys and values there once.

All questions' queries attend to the context in one call without a mask, each to its own tokens in another, and the two
are put together by their log-sums: what softmax over both would give. A step of generation is bound by what each
launch costs, so that a layer has few: two attentions, two gathers, and the merge.

Source: Juravsky et al. 2024, Hydragen, arXiv:2402.05099, section 3.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Iterator
from contextvars import ContextVar

import torch
import torch.nn.functional as F

from lh_eval.compat import flash_attention, flash_attention_on_cpu

_MOST_DIM = 256  # of a head, in flash attention
_DIM_UNIT = 8
_MOST_SCORES = 2**27  # that are held at once where there is no flash attention


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """Where the keys of rows lie, in every layer alike.

    Attributes:
        rows: B of them, a context each.
        context: tokens of the context, which every question sees.
        own: [Q, T] for each of Q questions the places of its T tokens behind the context, the newest last.
        new: n of the T are asked now.
    """

    rows: int
    context: int
    own: torch.Tensor
    new: int

    @functools.cached_property
    def places(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The questions' own tokens: row [B, 1, 1] and place in it [Q, T]."""
        return torch.arange(self.rows, device=self.own.device)[:, None, None], self.context + self.own

    @functools.cached_property
    def bias(self) -> torch.Tensor | None:
        """[n, T] of a question's new tokens and its own, -inf where one is later; None if there is but one new."""
        n, T = self.new, self.own.shape[1]
        return torch.full((n, T), -torch.inf, device=self.own.device).triu(T - n + 1) if n > 1 else None


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
    """Each question's newest tokens over the context and over its own up to themselves; not to be differentiated.

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
    scale = D**-0.5 if scale is None else scale
    if _has_flash(query) and D % _DIM_UNIT:
        query, key, value = (F.pad(x, (0, -D % _DIM_UNIT)) for x in (query, key, value))
    of_all, sum_of_all = _attend(query, key[:, :, : layout.context], value[:, :, : layout.context], scale)
    asked = query.transpose(1, 2).reshape(-1, layout.new, H, query.shape[3]).transpose(1, 2)  # [B*Q, H, n, D]
    rows, places = layout.places
    keys, values = (x[rows, :, places].flatten(0, 1).transpose(1, 2) for x in (key, value))  # [B*Q, G, T, D]
    of_own, sum_of_own = _attend(asked, keys, values, scale, layout.bias)

    of_all, of_own = of_all.transpose(1, 2), of_own.transpose(1, 2).reshape(B, W, H, -1)
    share = torch.sigmoid(sum_of_all.transpose(1, 2) - sum_of_own.transpose(1, 2).reshape(B, W, H))
    return torch.lerp(of_own, of_all, share[..., None].to(of_own.dtype))[..., :D].to(query.dtype)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float, bias: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention of query [B, H, n, D] to [B, G, T, D], and the log of each query's summed exponentials [B, H, n].

    Args:
        query: the queries.
        key: the keys.
        value: the values.
        scale: of the scores.
        bias: [n, T], that of attention which is causal from the bottom right; None if every key is seen.
    """
    if _has_flash(query):
        return flash_attention(query, key, value, causal=bias is not None, scale=scale)
    # elsewhere a group's heads are more queries of its one key head
    B, H, n, D = query.shape
    r = H // key.shape[1]
    folded = query.reshape(B, -1, r * n, D)
    bias = bias.repeat(r, 1) if bias is not None else None
    if _on_cpu(query):
        mask = bias.to(query.dtype) if bias is not None else None
        out, sums = flash_attention_on_cpu(folded, key, value, mask=mask, scale=scale)
    else:
        out, sums = _plain(folded, key, value, scale, bias)
    return out.reshape(B, H, n, D), sums.reshape(B, H, n)


def _on_cpu(query: torch.Tensor) -> bool:
    return query.device.type == "cpu"


def _has_flash(query: torch.Tensor) -> bool:
    """Whether a GPU has flash attention for such queries."""
    return query.is_cuda and query.dtype.itemsize == 2 and query.shape[3] <= _MOST_DIM and _is_ampere(query.device)


@functools.cache
def _is_ampere(device: torch.device) -> bool:
    """Whether it is one of NVIDIA's since Ampere."""
    return torch.version.hip is None and torch.cuda.get_device_capability(device) >= (8, 0)


def _plain(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float, bias: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `_attend`, of as many heads as keys have; in float32 at least, as many queries at once as memory bears."""
    query, key, value = (x.to(torch.promote_types(x.dtype, torch.float32)) for x in (query, key, value))
    size = max(1, _MOST_SCORES // key[..., 0].numel())
    outs, sums = [], []
    for start in range(0, query.shape[2], size):
        scores = (query[:, :, start : start + size] @ key.mT) * scale
        if bias is not None:
            scores += bias[start : start + size]
        sums.append(scores.logsumexp(-1, keepdim=True))
        outs.append((scores - sums[-1]).exp() @ value)
    return torch.cat(outs, dim=2), torch.cat(sums, dim=2)[..., 0]
