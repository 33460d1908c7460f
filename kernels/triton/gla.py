"""Norms of dilated gated linear attention, for `lh_eval.scorers.gla`: outputs are squared where they are made.

A stream, every dilation-th token of a head, is cut into segments, and a program walks one chunk by chunk with the state
in registers. It starts early, with a state of zeros, by as many steps as a token's weight takes to fall to 2^-40: what
lies before them is beyond what a float32 state can hold of it. So segments need nothing of each other, no state goes
through memory, and one launch fills the GPU at any length. Without decay a stream is one segment.

bfloat16 is multiplied as such, decayed products and the state rounded to it, with float32 sums, as attention kernels
and flash-linear-attention's do; other dtypes are multiplied in float32.
"""

import math

import torch
import triton
import triton.language as tl

from lh_eval.kernels.triton.common import block_dim, blocks_of, interpreted, rows_contiguous
from lh_eval.kernels.triton.launch import Launcher

FORGOTTEN = 40 * math.log(2)
STEPS = 4096  # of a segment, at least
_CHUNK = 64
_STATE = 2**13  # elements of the state that a program holds: 64 registers of a thread
_WARPS = 4


def gla_norms(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, dilation: int, log_gate: float, scale: float
) -> torch.Tensor:
    """Norms of (q, k, v) and of (k, q, v).

    Args:
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        dilation: number of streams.
        log_gate: log of what a step leaves of the state, at most 0.
        scale: factor of the outputs.

    Returns:
        [2, B, H, N] float32.
    """
    q, k, v = (rows_contiguous(x) for x in (q, k, v))
    B, H, N, D = q.shape
    narrow = q.dtype == torch.bfloat16 and not interpreted()  # which multiplies bfloat16's bits as integers
    chunk = _CHUNK if narrow else 16
    columns = min(block_dim(D), (_STATE if narrow else _STATE // 4) // block_dim(D))
    parts = blocks_of(D, columns)
    steps, warm = segment(blocks_of(N, dilation), chunk, log_gate)
    segments = blocks_of(blocks_of(N, dilation), steps)
    scores = torch.empty(2, parts, B, H, N, dtype=torch.float32, device=q.device)
    _gla_kernel(
        (B * H * segments * dilation * 2 * parts, 1, 1),
        (q, k, v, scores),
        (*q.stride()[:3], *k.stride()[:3], *v.stride()[:3]),
        tokens=N,
        rows=B * H,
        heads=H,
        members=H // k.shape[1],
        segments=segments,
        steps=steps,
        warm=warm,
        PARTS=parts,
        DILATION=dilation,
        GATE=log_gate,
        WHOLE=math.exp(log_gate * chunk),
        SCALE=scale,
        NARROW=narrow,
        CHUNK=chunk,
        D=D,
        BLOCK_D=block_dim(D),
        COLUMNS=columns,
        num_warps=_WARPS,
    )
    return scores.squeeze(1) if parts == 1 else scores.sum(1).sqrt()


def segment(length: int, chunk: int, log_gate: float) -> tuple[int, int]:
    """Steps of a segment, and those that are walked before it; whole chunks."""
    longest = blocks_of(length, chunk) * chunk
    if -log_gate * longest <= FORGOTTEN:
        return longest, 0
    warm = blocks_of(math.ceil(FORGOTTEN / -log_gate), chunk) * chunk
    steps = max(blocks_of(STEPS, chunk) * chunk, 2 * warm)  # so that the walk before costs little
    return (steps, warm) if steps < longest else (longest, 0)


@Launcher
@triton.jit
def _gla_kernel(
    q,
    k,
    v,
    scores,
    q_batch,
    q_head,
    q_token,
    k_batch,
    k_head,
    k_token,
    v_batch,
    v_head,
    v_token,
    tokens,
    rows,
    heads,
    members,
    segments,
    steps,
    warm,
    PARTS: tl.constexpr,
    DILATION: tl.constexpr,
    GATE: tl.constexpr,
    WHOLE: tl.constexpr,
    SCALE: tl.constexpr,
    NARROW: tl.constexpr,
    CHUNK: tl.constexpr,
    D: tl.constexpr,
    BLOCK_D: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """A segment of one stream and head in one direction, and COLUMNS components of the values.

    Programs of both directions and of all remainders come next to each other, as they read the same memory.
    """
    program = tl.program_id(0)
    part = program % PARTS
    swapped = program // PARTS % 2
    remainder = program // (PARTS * 2) % DILATION
    program = program // (PARTS * 2 * DILATION)
    first = program % segments * steps
    row = (program // segments).to(tl.int64)
    batch, head = row // heads, row % heads
    q += batch * q_batch + head * q_head
    k += batch * k_batch + head // members * k_head
    v += batch * v_batch + head // members * v_head
    queries, keys = tl.where(swapped == 0, q, k), tl.where(swapped == 0, k, q)
    query_token, key_token = tl.where(swapped == 0, q_token, k_token), tl.where(swapped == 0, k_token, q_token)
    scores += ((swapped * PARTS + part) * rows + row) * tokens

    OPERAND: tl.constexpr = tl.bfloat16 if NARROW else tl.float32
    step = tl.arange(0, CHUNK)
    d = tl.arange(0, BLOCK_D)
    column = part * COLUMNS + tl.arange(0, COLUMNS)
    until = tl.exp(GATE * (CHUNK - 1 - step).to(tl.float32))[:, None]
    since = tl.exp(GATE * (step + 1).to(tl.float32))[:, None]
    apart = step[:, None] - step[None, :]
    between = tl.where(apart >= 0, tl.exp(GATE * tl.maximum(apart, 0).to(tl.float32)), 0.0)

    state = tl.zeros([BLOCK_D, COLUMNS], tl.float32)
    for start in tl.range(tl.maximum(first - warm, 0), first, CHUNK, num_stages=2):
        token = (start + step) * DILATION + remainder
        key = _rows(keys, token, key_token, tokens, d, D).to(OPERAND)
        value = _rows(v, token, v_token, tokens, column, D)
        state = _absorb(state, key, value, until, WHOLE, OPERAND)
    last = tl.minimum(first + steps, (tokens - remainder + DILATION - 1) // DILATION)
    for start in tl.range(first, last, CHUNK, num_stages=2):
        token = (start + step) * DILATION + remainder
        query = _rows(queries, token, query_token, tokens, d, D).to(OPERAND)
        key = _rows(keys, token, key_token, tokens, d, D).to(OPERAND)
        value = _rows(v, token, v_token, tokens, column, D)
        out = tl.dot(query, state.to(OPERAND), input_precision="ieee") * since  # in this order nothing is spilled
        products = tl.dot(query, tl.trans(key), input_precision="ieee") * between
        out = tl.dot(products.to(OPERAND), value.to(OPERAND), out, input_precision="ieee") * SCALE
        square = tl.sum(out * out, axis=1)
        tl.store(scores + token, tl.sqrt(square) if PARTS == 1 else square, mask=token < tokens)
        state = _absorb(state, key, value, until, WHOLE, OPERAND)


@triton.jit
def _rows(x, token, stride, tokens, column, D: tl.constexpr):
    """Components `column` of tokens, zeros where there are none."""
    pointers = x + token.to(tl.int64)[:, None] * stride + column[None, :]
    return tl.load(pointers, mask=(token < tokens)[:, None] & (column < D)[None, :], other=0.0)


@triton.jit
def _absorb(state, key, value, until, WHOLE: tl.constexpr, OPERAND: tl.constexpr):
    """The state after a chunk; values are decayed, as keys are multiplied as they came."""
    decayed = (value.to(tl.float32) * until).to(OPERAND)
    return tl.dot(tl.trans(key), decayed, state * WHOLE, input_precision="ieee")
