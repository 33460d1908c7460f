"""`Rotary`: a model's rotary position embedding, as the operator needs it where it rotates after selection."""

import dataclasses
from collections.abc import Callable

import torch

from lh_eval.errors import InputError
from lh_eval.kernels.rotation import Rotation, rotation


@dataclasses.dataclass(frozen=True, eq=False)
class Rotary:
    """How queries and keys come rotated: token n's pair j by n·inv_freq[j].

    A factor on cosines and sines (YaRN's attention scaling) is part of queries and keys already and has no place here.

    Attributes:
        inv_freq: [R] radians a token; with R below D/2 the components from 2R on are not rotated.
        interleaved: a pair is two neighbours (2j, 2j + 1), as in torchtitan; else j and j + R, as in transformers.

    Raises:
        InputError: `inv_freq` is no vector of floats.
    """

    inv_freq: torch.Tensor
    interleaved: bool = False
    _made: dict[tuple[object, ...], Rotation] = dataclasses.field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.inv_freq
        if not isinstance(given, torch.Tensor) or given.ndim != 1 or not given.numel() or not given.is_floating_point():
            what = f"shape {tuple(given.shape)}" if isinstance(given, torch.Tensor) else type(given).__name__
            raise InputError(f"inv_freq must be a tensor of floats [R], got {what}")
        object.__setattr__(self, "inv_freq", given.detach())

    def check(self, dim: int) -> None:
        """Raise InputError where heads of `dim` components do not have that many pairs."""
        if 2 * self.inv_freq.shape[0] > dim:
            raise InputError(
                f"inv_freq must have at most {dim // 2} frequencies for heads of {dim}, got {self.inv_freq.shape[0]}"
            )

    def rotation(self, dim: int, window: int, like: torch.Tensor) -> Rotation:
        """Rotations within a window on the device of `like`, float64 for float64, else float32; made once."""
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
        if torch.compiler.is_compiling():
            return self._make(dim, window, dtype, like.device)
        key = (dim, window, dtype, like.device)
        if key not in self._made:
            with torch.inference_mode(False), torch.no_grad():  # training may take it later
                self._made[key] = self._make(dim, window, dtype, like.device)
        return self._made[key]

    def undone(self, x: torch.Tensor, undo: Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]) -> torch.Tensor:
        """The same [B, H, N, D] without its rotation, by `lh_eval.kernels.rotation.unrotated` or its kernel."""
        return undo(x, self.inv_freq.to(x.device), self.interleaved)

    def _make(self, dim: int, window: int, dtype: torch.dtype, device: torch.device) -> Rotation:
        inv_freq = self.inv_freq.to(device)
        return rotation(inv_freq, interleaved=self.interleaved, dim=dim, window=window, dtype=dtype)
