"""Gated-linear-attention scorer: the third released one, linear in the length."""

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

from lh_eval.errors import InputError
from lh_eval.scorers.base import SCORERS, Scores
from lh_eval.scorers.norm import l2_norm

LOG_GATE = -0.0433  # log σ(0) / 16, what the released gate is before training; no gradient ever reaches it

_CHUNK = 64  # steps of a stream that are taken at once


@SCORERS.register("gla")
@dataclasses.dataclass(frozen=True)
class GatedLinear:
    """Dilated gated linear attention: ‖·‖₂ over every dilation-th token, with (q, k, v) and (k, q, v); linear in N.

    The sequence [B, N, H, D] is viewed as [B, N/dilation, dilation·H, D], as `qk` does (the third scorer released with
    arXiv:2605.06554). Where that attends by softmax, here a state decays by one gate a step:
    S_t = exp(g) S_(t-1) + k_t v_tᵀ, o_t = scale·q_t S_t.

    Attributes:
        dilation: stride of the tokens that see one another.
        log_gate: g, at most 0; the default halves a token's weight in 16 steps, that is 64 tokens.
    """

    dilation: int = 4
    log_gate: float = LOG_GATE

    def __post_init__(self) -> None:
        if self.dilation < 1:
            raise InputError(f"dilation of scorer 'gla' must be at least 1, got {self.dilation}")
        if not float("-inf") < self.log_gate <= 0:
            raise InputError(f"log_gate of scorer 'gla' must be finite and at most 0, got {self.log_gate}")

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
        """Score tokens; see `Scorer`."""
        gates = torch.full((1, 1, 1), self.log_gate, dtype=torch.float64, device=q.device)
        return _scores(q, k, v, scale, self.dilation, gates.expand(q.shape[0], q.shape[1], q.shape[2]))


@torch.no_grad()
def gla_scores(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    scale: float,
    dilation: int = 4,
    log_gate: torch.Tensor | None = None,
) -> Scores:
    """Norms of dilated gated linear attention with (q, k, v) and with (k, q, v), for a checkpoint that has a gate.

    On a GPU flash-linear-attention's kernel is taken where it is installed and gates are given; its products are
    TensorFloat-32 or of the inputs' dtype, so that its scores differ from these by some thousandths.

    Args:
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        scale: factor of the outputs, usually D**-0.5.
        dilation: stride of the tokens that see one another.
        log_gate: [B, N, H] log of what a token leaves of the state before it, at most 0; `LOG_GATE` if None.

    Returns:
        Scores, query and key [B, H, N] each.

    Raises:
        InputError: `dilation` is below 1, or gates have another shape or are above 0.
    """
    scorer = GatedLinear(dilation=dilation)
    if log_gate is None:
        return scorer(q, k, v, scale=scale)
    B, H, N, _ = q.shape
    if log_gate.shape != (B, N, H):
        raise InputError(f"log_gate must be [{B}, {N}, {H}], got {tuple(log_gate.shape)}; one a token and query head")
    if (log_gate > 0).any():
        raise InputError(f"log_gate must be at most 0, got {log_gate.max().item()}; give the logarithm of the gate")
    if q.is_cuda and (kernel := _fla_kernel()) is not None:
        return Scores(*_by_kernel(kernel, q, k, v, scale, dilation, log_gate))
    return _scores(q, k, v, scale, dilation, log_gate.transpose(1, 2))


@torch.no_grad()
def _scores(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, dilation: int, log_gate: torch.Tensor
) -> Scores:
    """Scores for gates [B, H, N], a query head of each group at a time: keys and values are not repeated."""
    B, H, N, _ = q.shape
    G = k.shape[1]
    query, key = (torch.empty(B, G, H // G, N, dtype=torch.float32, device=q.device) for _ in range(2))
    members = zip(q.unflatten(1, (G, H // G)).unbind(2), log_gate.unflatten(1, (G, H // G)).unbind(2), strict=True)
    with torch.autocast(q.device.type, enabled=False):  # which would round states
        for member, (one, gates) in enumerate(members):
            for start, norms in _chunks(one, k, v, gates, dilation):
                tokens = slice(start, start + norms[0].shape[-1])
                query[:, :, member, tokens], key[:, :, member, tokens] = (scale * x for x in norms)
    return Scores(query.flatten(1, 2), key.flatten(1, 2))


def _chunks(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, log_gate: torch.Tensor, dilation: int
) -> Iterator[tuple[int, tuple[torch.Tensor, torch.Tensor]]]:
    """First token and unscaled norms [B, G, n] of (q, k, v) and (k, q, v), for a chunk of every stream at a time.

    Within a chunk this is attention with decayed products in place of a softmax; what came before it is in the state.

    Args:
        q: [B, G, N, D] queries of one member of each group.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        log_gate: [B, G, N].
        dilation: number of streams.
    """
    B, G, N, D = q.shape
    wide = q.dtype if q.dtype == torch.float64 else torch.float32
    by_keys, by_queries = (torch.zeros(B, G, dilation, D, D, dtype=wide, device=q.device) for _ in range(2))
    for start in range(0, N, _CHUNK * dilation):
        there = min(_CHUNK * dilation, N - start)
        queries, keys, values = (_streams(x[:, :, start : start + there].to(wide), dilation) for x in (q, k, v))
        # float64: a chunk's decay is a difference of sums
        gates = _streams(log_gate[:, :, start : start + there, None].double(), dilation).squeeze(-1).cumsum(-1)
        since = gates.exp().to(wide).unsqueeze(-1)  # what each step leaves of the state before the chunk
        until = (gates[..., -1:] - gates).exp().to(wide).unsqueeze(-1)  # what the chunk's end has of each step
        between = (gates[..., :, None] - gates[..., None, :]).exp().tril().to(wide)
        products = queries @ keys.mT
        out = since * (queries @ by_keys) + (products * between) @ values
        out_of_keys = since * (keys @ by_queries) + (products.mT * between) @ values
        whole = since[..., -1:, :]
        by_keys = whole * by_keys + (until * keys).mT @ values
        by_queries = whole * by_queries + (until * queries).mT @ values
        yield start, (_tokens(l2_norm(out), there), _tokens(l2_norm(out_of_keys), there))


def _streams(x: torch.Tensor, dilation: int) -> torch.Tensor:
    """[B, G, dilation, steps, D] of consecutive tokens [B, G, n, D]; those missing in the last step are zeros."""
    missing = -x.shape[2] % dilation
    x = torch.nn.functional.pad(x, (0, 0, 0, missing)) if missing else x
    return x.unflatten(2, (-1, dilation)).transpose(2, 3)


def _tokens(x: torch.Tensor, count: int) -> torch.Tensor:
    """The first tokens [B, G, count] of streams [B, G, dilation, steps]."""
    return x.transpose(2, 3).flatten(2)[..., :count]


def _fla_kernel() -> Callable[..., Any] | None:
    """flash-linear-attention's chunked kernel; None where it is not installed."""
    try:
        kernel: Callable[..., Any] = importlib.import_module("fla.ops.simple_gla").chunk_simple_gla
    except ImportError:
        return None
    return kernel


def _by_kernel(
    kernel: Callable[..., Any],
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale: float,
    dilation: int,
    log_gate: torch.Tensor,
) -> Iterator[torch.Tensor]:
    """Norms [B, H, N] by flash-linear-attention's kernel, which takes [B, steps, heads, D], keys repeated."""
    B, H, N, D = q.shape
    steps = -(-N // dilation)
    missing = (0, 0, 0, steps * dilation - N)

    def viewed(x: torch.Tensor) -> torch.Tensor:
        x = x.repeat_interleave(H // x.shape[1], dim=1).transpose(1, 2)
        return torch.nn.functional.pad(x, (0, 0, *missing)).reshape(B, steps, dilation * H, D)

    gates = torch.nn.functional.pad(log_gate.float(), missing).reshape(B, steps, -1)
    q, k, v = (viewed(x) for x in (q, k, v))
    for queries, keys in ((q, k), (k, q)):
        out, _ = kernel(queries, keys, v, gates, scale=scale)
        yield l2_norm(out).reshape(B, steps * dilation, H)[:, :N].transpose(1, 2)
