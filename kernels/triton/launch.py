"""Launching a kernel: what was compiled for the same arguments is launched again without Triton's search for it.

At short lengths that search, in Python and for each argument, takes longer than the kernel runs.
"""

from typing import Any

import torch

from lh_eval.compat import launcher_of, parameter_names
from lh_eval.kernels.triton.common import interpreted

_MOST = 4096  # a model that is run at ever new lengths has a key for each


class Launcher:
    """A kernel, and what has been compiled of it."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._compiled: dict[tuple[Any, ...], Any] = {}

    def __call__(
        self,
        grid: tuple[int, int, int],
        tensors: tuple[torch.Tensor, ...],
        strides: tuple[int, ...] = (),
        *,
        num_warps: int,
        **numbers: Any,
    ) -> None:
        """Launch on the tensors' device, on its current stream.

        Args:
            grid: programs along each axis.
            tensors: the kernel's first parameters.
            strides: those that follow.
            num_warps: warps of a program.
            numbers: the rest by name, in the order of the kernel's parameters.
        """
        if interpreted():
            self._first(grid, tensors, strides, num_warps, numbers)
            return
        device = tensors[0].get_device()
        if device != torch.cuda.current_device():  # where Triton would launch it
            with torch.cuda.device(device):
                self(grid, tensors, strides, num_warps=num_warps, **numbers)
            return
        values = tuple(numbers.values())
        # all that Triton specialises a kernel on: numbers by value, tensors by dtype and alignment
        key = (
            *(device, num_warps, strides, values),
            *[(x.dtype, x.data_ptr() % 16) for x in tensors],
        )
        compiled = self._compiled.get(key)
        if compiled is not None:
            launcher_of(compiled, grid)(*tensors, *strides, *values)
            return
        if len(self._compiled) >= _MOST:
            self._compiled.clear()
        self._compiled[key] = self._first(grid, tensors, strides, num_warps, numbers)

    def _first(self, grid: Any, tensors: Any, strides: Any, num_warps: int, numbers: dict[str, Any]) -> Any:
        """Launch by way of Triton, which returns what it compiled."""
        rest = parameter_names(self._kernel)[len(tensors) + len(strides) :]
        assert rest == tuple(numbers), (rest, tuple(numbers))
        return self._kernel[grid](*tensors, *strides, num_warps=num_warps, **numbers)
