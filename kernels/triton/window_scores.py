"""Token scores within windows, for `lh_eval.scorers.pooled_qk`: each token read once, nothing widened in memory."""

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
        own=own,
        scale=scale,
        heads=H,
        members=H // x.shape[1],
        tokens=N,
        windows=windows,
        blocks=blocks,
        window=window,
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
    own,
    scale,
    heads,
    members,
    tokens,
    windows,
    blocks,
    window,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    ROWS: tl.constexpr,
):
    """ROWS tokens of one head."""
    row = (tl.program_id(0) // blocks).to(tl.int64)
    batch, head = row // heads, row % heads // members
    WIDE: tl.constexpr = tl.float64 if x.dtype.element_ty == tl.float64 else tl.float32
    token = tl.program_id(0) % blocks * ROWS + tl.arange(0, ROWS)
    inside = token < tokens
    place = row * windows + token // window
    d = tl.arange(0, BLOCK_D)
    mask = inside[:, None] & (d < D)[None, :]
    pointers = x + batch * x_batch + head * x_head + token.to(tl.int64)[:, None] * x_token + d[None, :]
    values = tl.load(pointers, mask=mask, other=0.0).to(WIDE)
    key = tl.load(expected + place[:, None] * D + d[None, :], mask=mask, other=0.0).to(WIDE)
    logit = tl.sum(values * key, axis=1) * scale
    bounded = (logit / (1 + tl.abs(logit))).to(tl.float32)
    score = tl.load(strength + place, mask=inside, other=0.0) * (1 + own * bounded)
    tl.store(scores + row * tokens + token, score, mask=inside)
