"""The stages as registered operators, `torch.ops.lh_eval.*`: opaque to the compiler, with fakes and gradients.

A layout travels as five integers, `Layout(*layout)`, a rotation as its table, or None, and its two integers. Gather and
scatter are linear; each has its adjoint as an operator of its own, so that the backward is compiled like the forward.

An eager call on plain tensors goes past the dispatcher to the same function: at short lengths the dispatcher's layers
cost more than the kernels take.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from lh_eval.compat import watched_by_a_mode
from lh_eval.kernels.layout import Layout
from lh_eval.kernels.rotation import Rotation
from lh_eval.kernels.triton import gather as _gather
from lh_eval.kernels.triton import gla as _gla
from lh_eval.kernels.triton import max_pyramid as _max_pyramid
from lh_eval.kernels.triton import pool as _pool
from lh_eval.kernels.triton import row_norms as _row_norms
from lh_eval.kernels.triton import select as _select
from lh_eval.kernels.triton import spread as _spread
from lh_eval.kernels.triton import uncombine as _uncombine
from lh_eval.kernels.triton import unrotate as _unrotate
from lh_eval.kernels.triton import window_scores as _window_scores
from lh_eval.kernels.triton.common import stored_entries
from lh_eval.kernels.triton.refuse import refuse, to_host

Tensor = torch.Tensor

_library = torch.library.Library("lh_eval", "DEF")


class Operator:
    """A registered operator.

    Attributes:
        registered: the operator in `torch.ops.lh_eval`, for the compiler and for whatever watches PyTorch's calls.
        eager: the same without the dispatcher.
    """

    def __init__(self, schema: str, function: Callable[..., Any], fake: Callable[..., Any]) -> None:
        self._name = schema.partition("(")[0]
        _library.define(schema)
        _library.impl(self._name, function, "CompositeExplicitAutograd")
        torch.library.register_fake(f"lh_eval::{self._name}", fake, lib=_library)
        self.registered = getattr(torch.ops.lh_eval, self._name).default
        self.eager = function

    def __call__(self, *args: Any) -> Any:
        """Run on q and so on, as the schema says."""
        plain = type(args[0]) is torch.Tensor or type(args[0]) is torch.nn.Parameter
        if torch.compiler.is_compiling() or not plain or watched_by_a_mode():
            return self.registered(*args)
        return self.eager(*args)

    def differentiate(self, save: Callable[..., None], backward: Callable[..., Any]) -> None:
        """Register the gradient for both ways; what has one is among the first three arguments, all of them tensors."""
        torch.library.register_autograd(f"lh_eval::{self._name}", backward, setup_context=save, lib=_library)
        function = self.eager

        def forward(ctx: Any, *args: Any) -> Any:
            output = function(*args)
            save(ctx, args, output)
            return output

        methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        apply = type(self._name, (torch.autograd.Function,), methods).apply  # type: ignore[attr-defined]

        def eager(*args: Any) -> Any:
            graph = torch.is_grad_enabled() and any(x.requires_grad for x in args[:3])
            return apply(*args) if graph else function(*args)

        self.eager = eager


def _register(schema: str, fake: Callable[..., Any]) -> Callable[[Callable[..., Any]], Operator]:
    """Make the decorated function an operator."""
    return lambda function: Operator(schema, function, fake)


@functools.lru_cache(maxsize=1024)
def _cached(*layout: int) -> Layout:
    return Layout(*layout)


def _layout(values: Sequence[int]) -> Layout:
    return _cached(*values) if all(type(value) is int for value in values) else Layout(*values)


def _rotation(table: Tensor | None, pairs: Sequence[int]) -> Rotation | None:
    return None if table is None else Rotation(table, *pairs)


def _pooled(
    q: Tensor, k: Tensor, v: Tensor, layout: Sequence[int], norms: bool, table: Tensor | None, pairs: Sequence[int]
) -> tuple[Tensor, ...]:
    sizes = _layout(layout)
    scored = sizes.entries - sizes.padded if norms else 0
    means = (x.new_empty(*x.shape[:2], stored_entries(sizes), x.shape[3]) for x in (q, k, v))
    scores = (x.new_empty(*x.shape[:2], scored, dtype=torch.float32) for x in (q, k))
    return (*means, *scores, q.new_empty(1, dtype=torch.int64))


@_register(
    "pool(Tensor q, Tensor k, Tensor v, SymInt[] layout, bool norms, Tensor? table, int[] pairs)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _pooled,
)
def pool(
    q: Tensor, k: Tensor, v: Tensor, layout: Sequence[int], norms: bool, table: Tensor | None, pairs: Sequence[int]
) -> tuple[Tensor, ...]:
    """Means, norm scores and the flag of those that are not finite; see `lh_eval.kernels.triton.pool`."""
    return _pool.pool(q, k, v, _layout(layout), norms=norms, rotation=_rotation(table, pairs))


def _window_scored(x: Tensor, expected: Tensor, *args: Any) -> Tensor:
    return x.new_empty(*expected.shape[:2], x.shape[2], dtype=torch.float32)


@_register(
    "window_scores(Tensor x, Tensor expected, Tensor strength, int window, float own, float scale) -> Tensor",
    _window_scored,
)
def window_scores(x: Tensor, expected: Tensor, strength: Tensor, window: int, own: float, scale: float) -> Tensor:
    """Scores [B, H, N] of the tokens of windows; see `lh_eval.kernels.triton.window_scores`."""
    return _window_scores.window_scores(x, expected, strength, window=window, own=own, scale=scale)


@_register("row_norms(Tensor x) -> Tensor", lambda x: x.new_empty(x.shape[:3], dtype=torch.float32))
def row_norms(x: Tensor) -> Tensor:
    """Norms [B, H, n] of rows; see `lh_eval.kernels.triton.row_norms`."""
    return _row_norms.row_norms(x)


def _gla_normed(q: Tensor, *args: Any) -> Tensor:
    return q.new_empty(2, *q.shape[:3], dtype=torch.float32)


@_register("gla_norms(Tensor q, Tensor k, Tensor v, int dilation, float log_gate, float scale) -> Tensor", _gla_normed)
def gla_norms(q: Tensor, k: Tensor, v: Tensor, dilation: int, log_gate: float, scale: float) -> Tensor:
    """Norms [2, B, H, N] of gated linear attention both ways; see `lh_eval.kernels.triton.gla`."""
    return _gla.gla_norms(q, k, v, dilation=dilation, log_gate=log_gate, scale=scale)


def _pyramids(query: Tensor, key: Tensor, layout: Sequence[int]) -> tuple[Tensor, ...]:
    sizes = _layout(layout)
    scored = sizes.entries - sizes.padded
    pyramids = (x.new_empty(*x.shape[:2], scored, dtype=torch.float32) for x in (query, key))
    return (*pyramids, query.new_empty(1, dtype=torch.int64))


@_register("max_pyramid(Tensor query, Tensor key, SymInt[] layout) -> (Tensor, Tensor, Tensor)", _pyramids)
def max_pyramid(query: Tensor, key: Tensor, layout: Sequence[int]) -> tuple[Tensor, ...]:
    """Maxima of token scores from level 1 on, and the flag of those that are not finite; see the kernel's module."""
    return _max_pyramid.max_pyramid(query, key, _layout(layout))


def _unrotated(x: Tensor, *args: Any) -> Tensor:
    return x.new_empty(x.shape)


@_register("unrotated(Tensor x, Tensor inv_freq, bool interleaved) -> Tensor", _unrotated)
def unrotated(x: Tensor, inv_freq: Tensor, interleaved: bool) -> Tensor:
    """Token n of x [B, H, N, D] rotated back by n·inv_freq; see `lh_eval.kernels.triton.unrotate`."""
    return _unrotate.unrotated(x, inv_freq, interleaved=interleaved)


def _selected(query_scores: Tensor, key_scores: Tensor, bad: Tensor, layout: Sequence[int], forced: int) -> Any:
    B, H, _ = query_scores.shape
    sizes = _layout(layout)
    return (
        query_scores.new_empty(B, H, sizes.gathered, dtype=torch.int32),
        query_scores.new_empty(B, H, sizes.entries, dtype=torch.int32),
        bad.new_empty(1, device="cpu"),
    )


@_register(
    "select(Tensor query_scores, Tensor key_scores, Tensor bad, SymInt[] layout, int forced)"
    " -> (Tensor, Tensor, Tensor)",
    _selected,
)
def select(
    query_scores: Tensor, key_scores: Tensor, bad: Tensor, layout: Sequence[int], forced: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Indices and inverse map, and `bad` on its way to the host; see `lh_eval.kernels.triton.select` and `refuse`."""
    host = to_host(bad)
    return *_select.select(query_scores, key_scores, _layout(layout), forced=forced), host


def _gathered(q: Tensor, *args: Any) -> tuple[Tensor, Tensor, Tensor]:
    shape = (*args[5].shape, q.shape[3])
    return q.new_empty(shape), q.new_empty(shape), q.new_empty(shape)


@_register(
    "gather(Tensor q, Tensor k, Tensor v, Tensor q_means, Tensor k_means, Tensor v_means, Tensor indices,"
    " Tensor inverse, SymInt[] layout, Tensor? table, int[] pairs) -> (Tensor, Tensor, Tensor)",
    _gathered,
)
def gather(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    q_means: Tensor,
    k_means: Tensor,
    v_means: Tensor,
    indices: Tensor,
    inverse: Tensor,
    layout: Sequence[int],
    table: Tensor | None,
    pairs: Sequence[int],
) -> tuple[Tensor, ...]:
    """Gathered queries, keys and values [B, H, S, D]; `inverse` is for the backward."""
    rotation = _rotation(table, pairs)
    return _gather.gather((q, k, v), (q_means, k_means, v_means), indices, _layout(layout), rotation=rotation)


def _gather_gradients(
    q_grad: Tensor, k_grad: Tensor, v_grad: Tensor, inverse: Tensor, layout: Sequence[int], groups: int, *args: Any
) -> tuple[Tensor, Tensor, Tensor]:
    B, H, _, D = q_grad.shape
    q, k, v = (q_grad.new_empty(B, heads, layout[0], D) for heads in (H, groups, groups))
    return q, k, v


@_register(
    "gather_backward(Tensor q_grad, Tensor k_grad, Tensor v_grad, Tensor inverse, SymInt[] layout, SymInt groups,"
    " Tensor? table, int[] pairs) -> (Tensor, Tensor, Tensor)",
    _gather_gradients,
)
def gather_backward(
    q_grad: Tensor,
    k_grad: Tensor,
    v_grad: Tensor,
    inverse: Tensor,
    layout: Sequence[int],
    groups: int,
    table: Tensor | None,
    pairs: Sequence[int],
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of q [B, H, N, D], k and v [B, G, N, D] from those of the gathered rows."""
    results = _gather_gradients(q_grad, k_grad, v_grad, inverse, layout, groups)
    rotation = _rotation(table, pairs)
    _spread.spread((q_grad, k_grad, v_grad), results, inverse, _layout(layout), shifted=False, rotation=rotation)
    return results


def _scattered(
    rows: Tensor,
    indices: Tensor,
    inverse: Tensor,
    bad: Tensor,
    layout: Sequence[int],
    groups: int,
    tokens_first: bool,
    combine: str,
) -> Tensor:
    B, H, _, D = rows.shape
    if tokens_first:
        return rows.new_empty(B, layout[0], H, D).transpose(1, 2)
    return rows.new_empty(B, H, layout[0], D)


@_register(
    "scatter(Tensor rows, Tensor indices, Tensor inverse, Tensor bad, SymInt[] layout, SymInt groups,"
    " bool tokens_first, str combine) -> Tensor",
    _scattered,
)
def scatter(
    rows: Tensor,
    indices: Tensor,
    inverse: Tensor,
    bad: Tensor,
    layout: Sequence[int],
    groups: int,
    tokens_first: bool,
    combine: str,
) -> Tensor:
    """Output [B, H, N, D] of attention rows [B, H, S, D]; in memory [B, N, H, D] where `tokens_first`.

    The last launch of a forward pass, so it is here that the host looks at `bad` (see `refuse`).
    """
    result = _scattered(rows, indices, inverse, bad, layout, groups, tokens_first, combine)
    sizes = _layout(layout)
    _spread.spread((rows,), (result,), inverse, sizes, shifted=True, combine=combine)
    refuse(bad, sizes, heads=rows.shape[1], groups=groups)
    return result


def _scatter_gradients(grad: Tensor, indices: Tensor, *args: Any) -> Tensor:
    return grad.new_empty(*indices.shape, grad.shape[3])


@_register(
    "scatter_backward(Tensor grad, Tensor indices, Tensor inverse, SymInt[] layout, str combine) -> Tensor",
    _scatter_gradients,
)
def scatter_backward(grad: Tensor, indices: Tensor, inverse: Tensor, layout: Sequence[int], combine: str) -> Tensor:
    """Gradient of the rows [B, H, S, D] from that of the output [B, H, N, D]."""
    sizes = _layout(layout)
    if combine != "sum":
        return _uncombine.uncombine(grad, indices, inverse, sizes, combine=combine)
    return _gather.gather((grad,), (_pool.shifted_sums(grad, sizes),), indices, sizes, shifted=True)[0]


def _save_gather(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    *_, inverse, layout, table, pairs = inputs
    ctx.save_for_backward(inverse, table)
    ctx.layout, ctx.groups, ctx.pairs = layout, inputs[1].shape[1], pairs


def _gather_gradient(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
    inverse, table = ctx.saved_tensors
    return *gather_backward(*grads, inverse, ctx.layout, ctx.groups, table, ctx.pairs), *[None] * 8


def _save_scatter(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    _, indices, inverse, _, ctx.layout, _, _, ctx.combine = inputs
    ctx.save_for_backward(indices, inverse)


def _scatter_gradient(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    return scatter_backward(grad, *ctx.saved_tensors, ctx.layout, ctx.combine), *[None] * 7


gather.differentiate(_save_gather, _gather_gradient)
scatter.differentiate(_save_scatter, _scatter_gradient)
