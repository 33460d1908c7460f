"""Kernels that are wrong are not timed: they are compared with the reference first, on the GPU that is measured."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from lh_eval.attention import reference
from lh_eval.attention.operator import lighthouse_attention, select_entries
from lh_eval.attention.rotary import Rotary
from lh_eval.bench.inputs import Inputs, make_inputs
from lh_eval.bench.providers import calls
from lh_eval.bench.workload import Workload
from lh_eval.errors import InputError
from lh_eval.scorers.base import Scorer, Scores

_ROUNDED = 2.0**-16  # of a score, by its sums in float32
_MARGIN = 2.0  # times the error that the reference itself has in that dtype
_NAMES = ("the output", "the gradient of q", "the gradient of k", "the gradient of v")


class Shape(NamedTuple):
    """What is compared: N, H, G and k; an odd length, grouped heads, one tile and several."""

    tokens: int
    heads: int
    kv_heads: int
    k: int


def check_kernels(workload: Workload, *, impl: Any = "triton") -> None:
    """Compare the kernels with the reference at small shapes, with the workload's dtype, head dim and settings.

    The selected entries must be the same; where a scorer's kernel rounds otherwise than the scorer, its scores must be
    those of float64 within a rounding of the dtype, and the entries those that the reference selects by them. Output
    and gradients must be within twice the error of the reference in the same dtype; error is the largest difference
    to the reference in float64, all three on the same entries.

    Raises:
        InputError: they differ.
    """
    for shape in (Shape(1001, 2, 2, 64), Shape(4099, 4, 2, 256), Shape(8192, 1, 1, max(workload.budgets))):
        inputs = make_inputs(
            1,
            shape.heads,
            shape.kv_heads,
            shape.tokens,
            workload.head_dim,
            backward=True,
            dtype=workload.dtype,
            device=workload.device,
            seed=0,
        )
        _compare(workload, shape, inputs, impl)


def _compare(workload: Workload, shape: Shape, inputs: Inputs, impl: Any) -> None:
    config = workload.config(shape.k)
    rotary = workload.rotary()
    q, k, v, _ = inputs
    where = f"at N={shape.tokens}, H={shape.heads}, G={shape.kv_heads}, k={shape.k}"
    scores = _rounded_scores(config.token_scorer, inputs, rotary, where) if impl == "triton" else None
    if scores is None:
        indices = select_entries(q, k, v, config, impl="reference", rotary=rotary)
    else:
        indices = reference.select_scored(scores, config, shape.heads)
    found = select_entries(q, k, v, config, impl=impl, rotary=rotary)
    if found.shape != indices.shape or not torch.equal(found, indices):
        wrong = "another number" if found.shape != indices.shape else f"{int((found != indices).sum())} others"
        raise InputError(
            f"kernels must select the reference's {indices.numel()} entries {where}, got {wrong}; nothing was timed"
        )

    def on_these_entries(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return reference.attend_selected(q, k, v, indices, config, workload.head_dim**-0.5, rotary)

    exact = _run(on_these_entries, _double(inputs))
    eager = _run(on_these_entries, inputs)
    fast = _run(lambda q, k, v: lighthouse_attention(q, k, v, config, impl=impl, rotary=rotary), inputs)
    for name, wanted, allowed, got in zip(_NAMES, exact, eager, fast, strict=True):
        bound, error = _MARGIN * _error(allowed, wanted), _error(got, wanted)
        if not error <= bound:  # so that NaN does not pass
            raise InputError(
                f"kernels must give {name} with an error of at most {bound:.3g} {where}, got {error:.3g}; "
                "nothing was timed"
            )


@torch.no_grad()
def _rounded_scores(scorer: Scorer, inputs: Inputs, rotary: Rotary | None, where: str) -> Scores | None:
    """The scores of the scorer's kernel, near enough to those of float64; None where they have the scorer's bits.

    Raises:
        InputError: they are not near enough.
    """
    from lh_eval.attention.fused import fused_scorer, rounds_otherwise  # imports Triton
    from lh_eval.kernels.triton import ops

    q, k, v, _ = inputs
    if not rounds_otherwise(scorer, q.dtype):
        return None
    if rotary is not None:
        q, k = (rotary.undone(x, ops.unrotated) for x in (q, k))
    scale = q.shape[3] ** -0.5
    scores = fused_scorer(scorer)(q, k, v, scale=scale)
    exact = scorer(q.double(), k.double(), v.double(), scale=scale)
    bound = max(torch.finfo(q.dtype).eps, _ROUNDED)
    for kind, ours, wanted in zip(Scores._fields, scores, exact, strict=True):
        error = float(((ours - wanted).abs() / (wanted + wanted.mean())).max())
        if not error <= bound:
            raise InputError(
                f"kernels must give {kind} scores with an error of at most {bound:.3g} {where}, got {error:.3g}; "
                "nothing was timed"
            )
    return scores


def _run(forward: Callable[..., torch.Tensor], inputs: Inputs) -> list[torch.Tensor]:
    return [x.detach() for x in calls(forward, [inputs])[0]()]


def _double(inputs: Inputs) -> Inputs:
    assert inputs.grad is not None
    q, k, v = (x.detach().double().requires_grad_() for x in (inputs.q, inputs.k, inputs.v))
    return Inputs(q, k, v, inputs.grad.double())


def _error(x: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((x.double() - wanted).abs().max())
