"""The released operator's golden vectors, and the inputs that they belong to."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

FOLDER = Path(__file__).parents[1] / "data" / "golden"
CASES = ("a", "b", "c", "d")


class Inputs(NamedTuple):
    """q, k, v and the gradient of the output, each [B, H, N, D]."""

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    grad: torch.Tensor


def load(case: str) -> dict[str, Any]:
    """Fields of one case; scalars as Python integers, arrays as numpy."""
    with np.load(FOLDER / f"case_{case}.npz") as file:
        return {name: file[name] if file[name].ndim else file[name].item() for name in file.files}


def inputs(case: dict[str, Any], dtype: torch.dtype) -> Inputs:
    """Make a case's inputs; numpy's legacy generator has the same bits on every platform."""
    shape = [case[name] for name in ("B", "N", "H", "D")]
    rng = np.random.RandomState(case["seed"])
    drawn = [rng.standard_normal(shape).astype(np.float32) for _ in range(4)]
    # log-normal row scales: norms far from uniform, so that the selection matters
    for i in (0, 1):
        drawn[i] = drawn[i] * rng.lognormal(0, 0.7, [*shape[:3], 1]).astype(np.float32)
    return Inputs(*(torch.from_numpy(x).transpose(1, 2).to(dtype) for x in drawn))
