"""Token scores within windows, for `lh_eval.scorers.pooled_qk`: each token read once, nothing widened in memory.

Sums are float64, as there, so that the scores have the same bits.
"""

import torch
import triton
import triton.language as tl

from lh_eval.kernels.triton.common import block_dim, block_rows, blocks_of, rows_contiguous
from lh_eval.kernels.triton.launch import Launcher

_TILE_BYTES = 8192


def window_scores(
    x: torch.Tensor, expected: torch.Tensor, strength: torch.Tensor, *, window: int, own: float, scale: float
) -> torch.Tensor:
    """The scores [B, H, N], float32, of `lh_eval.scorers.pooled_qk.window_scores`, whose arguments these are."""
    x, expected, strength = rows_contiguous(x), expected.contiguous(), strength.contiguous()
    B, H, windows, D = expected.shape
    N = x.shape[2]
    scores = torch.empty(B, H, N, dtype=torch.float32, device=x.device)
    rows = block_rows(x, _TILE_BYTES)
    blocks = blocks_of(N, rows)
    _window_scores_kernel(
        (blocks * B * H, 1, 1),
        (x, expected, strength, scores),
        x.stride()[:3],
        heads=H,
        members=H // x.shape[1],
        tokens=N,
        windows=windows,
        blocks=blocks,
        window=window,
        OWN=own,  # as an argument it would be a float32
        SCALE=scale,
        D=D,
        BLOCK_D=block_dim(D),
        ROWS=rows,
        num_warps=4,
    )
    return scores


@Launcher
@triton.jit
def _window_scores_kernel(
    x,
    expected,
    strength,
    scores,
    x_batch,
    x_head,
    x_token,
    heads,
    members,
    tokens,
    windows,
    blocks,
    window,
    OWN: tl.constexpr,
    SCALE: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ROWS: tl.constexpr,
):
    """ROWS tokens of one head."""
    row = (tl.program_id(0) // blocks).to(tl.int64)
    batch, head = row // heads, row % heads // members
    # products of two float16 or bfloat16 are exact in float32, where they cost less to widen
    FINE: tl.constexpr = tl.float32 if x.dtype.element_ty.primitive_bitwidth == 16 else tl.float64
    token = tl.program_id(0) % blocks * ROWS + tl.arange(0, ROWS)
    inside = token < tokens
    place = row * windows + token // window
    d = tl.arange(0, BLOCK_D)
    mask = inside[:, None] & (d < D)[None, :]
    pointers = x + batch * x_batch + head * x_head + token.to(tl.int64)[:, None] * x_token + d[None, :]
    values = tl.load(pointers, mask=mask, other=0.0).to(FINE)
    key = tl.load(expected + place[:, None] * D + d[None, :], mask=mask, other=0.0).to(FINE)
    logit = tl.sum((values * key).to(tl.float64), axis=1) * SCALE
    bounded = logit / (1 + tl.abs(logit))
    score = tl.load(strength + place, mask=inside, other=0.0).to(tl.float64) * (1 + OWN * bounded)
    tl.store(scores + row * tokens + token, score.to(tl.float32), mask=inside)
