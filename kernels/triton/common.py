"""What the kernels share: which pyramids they run, block sizes, and choosing one of three tensors inside a kernel."""

import os

import torch
import triton
import triton.language as tl

from lh_eval.kernels.layout import Layout

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
MAX_DIM = 256
MAX_FACTOR = 64
MAX_TOKENS = 2**30  # entries, fewer than twice as many, have 32-bit indices
MAX_CANDIDATES = 2**21 - 1  # select counts them in 21 bits


def interpreted() -> bool:
    """Whether Triton interprets kernels on the CPU; decided by the environment when the kernels are first imported."""
    return os.environ.get("TRITON_INTERPRET") == "1"


def obstacle(q: torch.Tensor, *, factor: int, window: int, tiles: int, tile_k: int) -> str | None:
    """Why the kernels cannot run; None where they can.

    Args:
        q: [B, H, N, D].
        factor: p.
        window: tokens of a coarsest entry.
        tiles: that the coarsest level is cut into.
        tile_k: entries kept per tile and level.
    """
    if q.device.type != "cuda" and not interpreted():
        return f"tensors must be on a CUDA GPU, got {q.device}; TRITON_INTERPRET=1 interprets the kernels on a CPU"
    if q.dtype not in DTYPES:
        return f"dtype must be one of {', '.join(map(str, DTYPES))}, got {q.dtype}"
    if q.shape[3] > MAX_DIM:
        return f"head dim must be at most {MAX_DIM}, got {q.shape[3]}"
    if factor > MAX_FACTOR:
        return f"pooling_factor must be at most {MAX_FACTOR}, got {factor}"
    if torch.compiler.is_compiling():  # no guards on a symbolic length
        return None
    if q.shape[2] > MAX_TOKENS - window:
        return f"tokens, padded to whole windows of {window}, must be at most {MAX_TOKENS}, got {q.shape[2]}"
    candidates = max(q.shape[2] // (window * tiles) + 1, tile_k * factor)
    if candidates > MAX_CANDIDATES:
        return f"candidates of a tile must be at most {MAX_CANDIDATES}, got {candidates}"
    return None


def stored_level(layout: Layout) -> int:
    """First level whose means are stored for all entries.

    Level 1 is pooled where it is selected, as p rows of the base sequence; coarser windows are too long for that. The
    coarsest level is gathered whole, so its means are always stored.
    """
    return min(2, layout.levels - 1)


def stored_entries(layout: Layout) -> int:
    """Entries of the levels from `stored_level` on."""
    return layout.entries - layout.offsets[stored_level(layout)]


# On the host these run on each call, and triton's own cdiv and next_power_of_2 cost as much as an allocation.
def blocks_of(size: int, block: int) -> int:
    """Blocks that cover `size`."""
    return -(-size // block)


def power_of_two(size: int) -> int:
    """The least power of two that is at least `size`."""
    return 1 << (size - 1).bit_length()


def block_dim(dim: int) -> int:
    """Columns of a block, the power of two that holds `dim`; at least 16."""
    return max(16, power_of_two(dim))


def block_rows(x: torch.Tensor, tile_bytes: int) -> int:
    """Rows of x that one program holds at once."""
    return max(1, tile_bytes // (block_dim(x.shape[-1]) * x.element_size()))


def rows_contiguous(x: torch.Tensor) -> torch.Tensor:
    """The same with a row's components side by side in memory, which the kernels take for granted."""
    return x if x.stride(-1) == 1 else x.contiguous()


@triton.jit
def choose(which, a, b, c):
    """The first, second or third of three scalars or pointers."""
    return tl.where(which == 0, a, tl.where(which == 1, b, c))


@triton.jit
def locate(blocks, heads, groups):
    """What this program works on, where the heads of q, k and v come one after the other in each batch row.

    Returns its block of tokens, row of heads, batch row, which of q, k and v, that one's head, and how many it has.
    """
    block = tl.program_id(0) % blocks
    row = tl.program_id(0) // blocks
    batch = (row // (heads + 2 * groups)).to(tl.int64)
    head = row % (heads + 2 * groups)
    which = (head >= heads).to(tl.int32) + (head >= heads + groups).to(tl.int32)
    head -= choose(which, 0, heads, heads + groups)
    return block, row, batch, which, head, choose(which, heads, groups, groups)


@triton.jit
def partner(d, APART: tl.constexpr, BLOCK_D: tl.constexpr):
    """Where the other component of a pair is; of one that has none, anywhere among the columns."""
    other = tl.where(d // APART % 2 == 0, d + APART, d - APART)
    return tl.where(other < BLOCK_D, other, d)


@triton.jit
def exchanged(x, d, APART: tl.constexpr, ROWS: tl.constexpr, BLOCK_D: tl.constexpr):
    """The other component of each pair in the place of each, of x [ROWS, BLOCK_D]."""
    index = tl.broadcast_to(partner(d, APART, BLOCK_D)[None, :], [ROWS, BLOCK_D])
    return tl.gather(x, index, 1)
