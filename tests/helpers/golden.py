"""The released operator's golden vectors, and the inputs that they belong to."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

FOLDER = Path(__file__).parents[1] / "data" / "golden"
CASES = ("a", "b", "c", "d")
ROPE_CASES = ("rope_h", "rope_k")  # the authors' branch rope-fix


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


def inv_freq(case: dict[str, Any]) -> torch.Tensor:
    """Inverse frequencies [D/2] of a case with RoPE, whose pairs are neighbours."""
    return case["theta"] ** (-torch.arange(0, case["D"], 2, dtype=torch.float64) / case["D"])


def rotated(x: torch.Tensor, case: dict[str, Any]) -> torch.Tensor:
    """x [B, H, N, D] rotated, as complex numbers: token n times exp(i·n·inv_freq)."""
    angles = torch.arange(x.shape[2], dtype=torch.float64, device=x.device)[:, None] * inv_freq(case).to(x.device)
    turned = torch.view_as_complex(x.double().unflatten(-1, (-1, 2)).contiguous()) * torch.polar(
        torch.ones_like(angles), angles
    )
    return torch.view_as_real(turned).flatten(-2).to(x.dtype)
