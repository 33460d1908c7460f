"""Pooled query-key scorer: attention between window means ranks windows, a token's own logit the tokens inside."""

import dataclasses
import functools
import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F

from lh_eval.errors import InputError
from lh_eval.scorers.base import SCORERS, Scores
from lh_eval.scorers.norm import l2_norm

# Elements of the products that are alive at a time: 64 MiB in float64.
_CHUNK = 2**23


@SCORERS.register("pooled-qk")
@dataclasses.dataclass(frozen=True)
class PooledQueryKey:
    """Query-key attention between window means: ‖·‖₂ of the key, or query, that a token's window expects.

    Queries and keys are averaged over windows of w tokens, q̄ and k̄. Each window's query attends causally to the key
    means *with the key means as values*: e_k = Σ_j softmax_j(scale·q̄·k̄_j)·k̄_j is the key that it expects. It is as
    long as a key where attention is sharp, and averages out where it is not. Likewise each window's key attends, with
    scale·k̄·q̄_i, to the query means of its own and *later* windows, those that can see it: e_q. With
    a = scale·q·e_k, or scale·k·e_q, a token's own logit, its scores are

        as a query  ‖q̄‖₂ · ‖e_k‖₂ · (1 + own·a / (1 + |a|)),
        as a key    ‖e_q‖₂ · (1 + own·a / (1 + |a|)).

    Cost: queries and keys are read twice, for the means and for the logits; each of the two attentions has (N/w)²/2
    pairs a head, 1/64 of `qk`'s at the defaults. Memory: the means and what is expected, 4/w of the queries, and a
    chunk of products of fixed size. Queries and keys are neither copied nor repeated for grouped heads, except that
    PyTorch widens float16 and bfloat16 ones for their mean on a CPU.

    Source: the query-key idea is Lighthouse's (Peng, Ghosh, Quesnelle 2026, arXiv:2605.06554). Ranking blocks by
    attention between pooled queries and keys is MInference's block-sparse estimate (Jiang et al. 2024,
    arXiv:2407.02490) and, with learned pooling, SeerAttention's (Gao et al. 2024, arXiv:2410.13276). What is scored,
    and how, is ours.

    Measured (docs/reproduce.md, with what else was tried): holds whole needles more often than `norm` and `qk`, mostly
    at both ends of the sequence, where attention over few windows is sharp, and because scores are nearly constant in
    a window. Away from the ends, norms of window means do as well without query-key information.

    Attributes:
        window: tokens averaged, w; the default is one coarsest entry of the default pyramid.
        own: share of a token's own logit in its score, from 0 (all tokens of a window alike) to below 1.
        max_windows: where there would be more, w is doubled until there are not, so that the attentions' cost stays
            below (max_windows)² pairs at any length; what is scored then depends on the length. 0 is no limit.
    """

    window: int = 16
    own: float = 0.05
    max_windows: int = 0

    def __post_init__(self) -> None:
        if self.window < 1:
            raise InputError(f"window of scorer 'pooled-qk' must be at least 1, got {self.window}")
        if not 0 <= self.own < 1:
            raise InputError(f"own of scorer 'pooled-qk' must be from 0 to below 1, got {self.own}")
        if self.max_windows < 0:
            raise InputError(f"max_windows of scorer 'pooled-qk' must be at least 0, got {self.max_windows}")

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:  # noqa: ARG002
        """Score tokens; see `Scorer`."""
        window = self.window_at(q.shape[2])
        within = functools.partial(window_scores, window=window, own=self.own, scale=scale)
        return self.scores(q, k, window_means(q, window), window_means(k, window), scale, within, l2_norm)

    def window_at(self, tokens: int) -> int:
        """Tokens averaged in a sequence of `tokens`."""
        window = self.window
        while 0 < self.max_windows < -(-tokens // window):
            window *= 2
        return window

    def scores(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        q_means: torch.Tensor,
        k_means: torch.Tensor,
        scale: float,
        within: Callable[..., torch.Tensor],
        norms: Callable[[torch.Tensor], torch.Tensor],
    ) -> Scores:
        """Scores of q [B, H, N, D] and k [B, G, N, D].

        Args:
            q: queries.
            k: keys.
            q_means: [B, H, n, D] their means over windows.
            k_means: [B, G, n, D].
            scale: factor of the logits.
            within: `window_scores` with this scorer's options, or a kernel that does the same in one read.
            norms: `l2_norm`, or a kernel with the same bits.
        """
        members = q_means.shape[1] // k_means.shape[1]
        k_means = k_means.repeat_interleave(members, dim=1)  # 1/w of the keys; as queries they have no grouped form

        expected_k = F.scaled_dot_product_attention(q_means, k_means, k_means, is_causal=True, scale=scale)
        later_q, earlier_k = q_means.flip(2), k_means.flip(2)  # causal in reverse: a window's own and later queries
        expected_q = F.scaled_dot_product_attention(earlier_k, later_q, later_q, is_causal=True, scale=scale).flip(2)

        query = within(q, expected_k, norms(q_means) * norms(expected_k))
        key = within(k, expected_q, norms(expected_q))
        return Scores(query, key)


def window_scores(
    x: torch.Tensor, expected: torch.Tensor, strength: torch.Tensor, *, window: int, own: float, scale: float
) -> torch.Tensor:
    """Strength of a token's window times 1 + own·a / (1 + |a|), a = scale·x·expected.

    In float64 up to the last step: the same bits in whatever order the products are summed.

    Args:
        x: [B, H or G, N, D] queries, or keys that serve a group's heads.
        expected: [B, H, n, D] of each window.
        strength: [B, H, n] float32.
        window: tokens of a window, n = ceil(N / window).
        own: share of a token's own logit.
        scale: factor of the logits.

    Returns:
        [B, H, N] float32.
    """
    B, rows, N, D = x.shape
    whole = N // window
    members = expected.shape[1] // rows
    expected = expected.unflatten(1, (rows, members)).double().unsqueeze(4)
    strength = strength.unflatten(1, (rows, members)).double().unsqueeze(4)
    scores = torch.empty(B, rows, members, N, dtype=torch.float32, device=x.device)
    step = max(1, _CHUNK // (B * rows * members * window * D))
    edges = [*range(0, whole, step), whole] + [whole + 1] * (whole * window < N)  # a last, partial window goes alone
    for first, last in itertools.pairwise(edges):
        tokens = slice(first * window, min(last * window, N))
        windows = x[:, :, None, tokens].unflatten(3, (last - first, -1))
        products = windows.double() * expected[:, :, :, first:last]  # faster than of two dtypes
        logits = products.sum(-1) * scale
        bounded = logits / (1 + logits.abs())
        scores[..., tokens] = (strength[:, :, :, first:last] * (1 + own * bounded)).flatten(3)
    return scores.flatten(1, 2)


def window_means(x: torch.Tensor, window: int) -> torch.Tensor:
    """Means over windows of `window` tokens, the last one over the tokens that it has.

    Args:
        x: [B, H, N, D].
        window: tokens a window.

    Returns:
        [B, H, ceil(N/window), D] in the dtype of x, taken in float32 or wider.
    """
    N = x.shape[2]
    whole = N // window
    means = x[:, :, : whole * window].unflatten(2, (whole, window)).mean(3, dtype=_wide(x.dtype))
    if whole * window < N:
        means = torch.cat([means, x[:, :, whole * window :].mean(2, keepdim=True, dtype=means.dtype)], dim=2)
    return means.to(x.dtype)


def _wide(dtype: torch.dtype) -> torch.dtype:
    return dtype if dtype == torch.float64 else torch.float32
