"""Rotary position embedding as pooling needs it: by how far a token lies before the last of its window, and undone.

Rotating at the last token of a window what is pooled there (`rope="after"`) is, of tokens x_n that come rotated, the
mean of R(d) x_n with d the distance from n to that last token: angles depend on the place in the window alone.
"""

from typing import NamedTuple

import torch


class Rotation(NamedTuple):
    """Rotations by every distance within a window.

    table: [2, W, D]; row d of the first has the cosines, of the second the sines of d·inv_freq, the sine negative for
        the first component of a pair. 1 and 0 for components that are not rotated.
    pairs: R, pairs of components that are rotated, the first 2R components.
    apart: distance of the two components of a pair: 1 where they are neighbours, R where each is in its own half.
    """

    table: torch.Tensor
    pairs: int
    apart: int


def rotation(inv_freq: torch.Tensor, *, interleaved: bool, dim: int, window: int, dtype: torch.dtype) -> Rotation:
    """Rotations by 0 to window - 1 tokens.

    Args:
        inv_freq: [R] radians a token.
        interleaved: a pair is two neighbours (2j, 2j + 1), not components j and j + R.
        dim: D, at least 2R.
        window: W, tokens of the coarsest entry.
        dtype: of the table.
    """
    pairs = inv_freq.shape[0]
    distance = torch.arange(window, device=inv_freq.device, dtype=torch.float64)
    angles = distance[:, None] * inv_freq.double()
    cos, sin = angles.cos(), angles.sin()
    rotated = torch.stack([_of_pairs(cos, cos, interleaved), _of_pairs(-sin, sin, interleaved)])
    still = torch.tensor([1.0, 0.0], device=inv_freq.device, dtype=torch.float64)[:, None, None]
    table = torch.cat([rotated, still.expand(2, window, dim - 2 * pairs)], -1)
    return Rotation(table.to(dtype), pairs, 1 if interleaved else pairs)


def rotate(x: torch.Tensor, rotation: Rotation, distance: slice) -> torch.Tensor:
    """Rotate x [..., n, D] by n distances, rows of the table."""
    cos, sin = rotation.table[:, distance]
    return x * cos + _exchanged(x, rotation.pairs, rotation.apart) * sin


def unrotated(x: torch.Tensor, inv_freq: torch.Tensor, interleaved: bool) -> torch.Tensor:
    """Undo the rotation of x [B, H, N, D], token n's by n·inv_freq.

    The angle is rounded to float32 as transformers does; the rest is float64, rounded once, so that whatever computes
    it has the same bits.
    """
    exact = torch.float64 if x.dtype == torch.float64 else torch.float32
    position = torch.arange(x.shape[2], device=x.device, dtype=exact)
    angles = (position[:, None] * inv_freq.to(exact)).double()
    cos, sin = angles.cos(), angles.sin()
    pairs = inv_freq.shape[0]
    turned, rest = x[..., : 2 * pairs].double(), x[..., 2 * pairs :]
    other = _exchanged(turned, pairs, 1 if interleaved else pairs)
    back = turned * _of_pairs(cos, cos, interleaved) + other * _of_pairs(sin, -sin, interleaved)
    return torch.cat([back.to(x.dtype), rest], -1)


def _of_pairs(first: torch.Tensor, second: torch.Tensor, interleaved: bool) -> torch.Tensor:
    """[..., 2R] of what first and second components of pairs have, [..., R] each."""
    return torch.stack([first, second], -1).flatten(-2) if interleaved else torch.cat([first, second], -1)


def _exchanged(x: torch.Tensor, pairs: int, apart: int) -> torch.Tensor:
    """The other component of each pair in the place of each; those that are not rotated stay."""
    turned = x[..., : 2 * pairs].unflatten(-1, (pairs // apart, 2, apart)).flip(-2).flatten(-3)
    return turned if 2 * pairs == x.shape[-1] else torch.cat([turned, x[..., 2 * pairs :]], -1)
