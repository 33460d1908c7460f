"""Random control: what a selection without any information keeps."""

import dataclasses

import torch

from lh_eval.errors import InputError
from lh_eval.scorers.base import SCORERS, Scores

# splitmix64's constants as signed 64-bit integers; torch's int64 products wrap as its unsigned ones do
_STEP, _MIX_1, _MIX_2 = -7046029254386353131, -4658895280553007687, -7723592293110705685


@SCORERS.register("random")
@dataclasses.dataclass(frozen=True)
class Random:
    """Control: seeded pseudo-random scores, a hash of position, head and the signs of the token's key.

    The signs make samples and layers draw differently; batch, device and rounding do not change them.

    Attributes:
        seed: another seed, another selection.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if not -(2**62) <= self.seed < 2**62:
            raise InputError(f"seed of scorer 'random' must be from -2**62 to 2**62 - 1, got {self.seed}")

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:  # noqa: ARG002
        """Score tokens; see `Scorer`."""
        H, N = q.shape[1:3]
        signs = k[..., :32] > 0
        bits = (signs.long() << torch.arange(signs.shape[-1], device=k.device)).sum(-1)
        bits = bits.repeat_interleave(H // k.shape[1], dim=1)
        head = torch.arange(H, device=k.device)[:, None]
        position = torch.arange(N, device=k.device)
        token = _mix(_mix(_mix(bits) + head) + position) + self.seed * 2
        return Scores(_uniform(_mix(token)), _uniform(_mix(token + 1)))


def _mix(x: torch.Tensor) -> torch.Tensor:
    """splitmix64 (Steele, Lea, Flood 2014) of int64 states."""
    x = x + _STEP
    x = (x ^ _shift(x, 30)) * _MIX_1
    x = (x ^ _shift(x, 27)) * _MIX_2
    return x ^ _shift(x, 31)


def _shift(x: torch.Tensor, bits: int) -> torch.Tensor:
    """Logical right shift."""
    return (x >> bits) & (2 ** (64 - bits) - 1)


def _uniform(x: torch.Tensor) -> torch.Tensor:
    """The upper 24 bits as float32 in [0, 1)."""
    return _shift(x, 40).float() / 2**24
