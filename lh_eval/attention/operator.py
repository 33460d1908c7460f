"""The operator: `lighthouse_attention` and `select_entries`, checked here and run by the backend that `impl` names."""

import logging
from collections.abc import Callable
from types import ModuleType
from typing import Literal, NamedTuple, get_args

import torch

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.rotary import Rotary
from lh_eval.errors import InputError

Impl = Literal["auto", "reference", "triton"]
_FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_log = logging.getLogger(__name__)


class Attended(NamedTuple):
    """Output and what was selected on the way.

    out: [B, H, N, D].
    indices: [B, H, S] integers, flat pyramid indices in causal order; below N they are tokens.
    """

    out: torch.Tensor
    indices: torch.Tensor


def lighthouse_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    *,
    scale: float | None = None,
    impl: Impl = "auto",
    rotary: Rotary | None = None,
) -> torch.Tensor:
    """Lighthouse attention (Peng, Ghosh, Quesnelle 2026, arXiv:2605.06554): pool, score, select, attend, scatter.

    Values are causal; which entries are kept is not: it depends on later tokens of the tile. Gradients flow through
    pool, gather, attention and scatter, none through scores and selection.

    Args:
        q: [B, H, N, D] queries, after RoPE.
        k: [B, G, N, D] keys, H a multiple of G.
        v: [B, G, N, D] values.
        config: what to compute.
        scale: factor of the attention logits, D**-0.5 if None.
        impl: "reference" is pure torch on any device; "triton" runs on a CUDA GPU (and, interpreted, on a CPU where
            TRITON_INTERPRET=1); "auto" takes Triton on a GPU, the reference elsewhere.
        rotary: how queries and keys come rotated; needed with rope="after", which has no other use for positions.

    Returns:
        [B, H, N, D] in the dtype of q.

    Raises:
        InputError: shapes, dtypes or devices do not fit, a score is not finite, or `impl` cannot run.
    """
    return attend(q, k, v, config, scale=scale, impl=impl, rotary=rotary).out


def select_entries(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    *,
    scale: float | None = None,
    impl: Impl = "auto",
    rotary: Rotary | None = None,
) -> torch.Tensor:
    """Return the pyramid entries that Lighthouse attention gathers.

    Args:
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        config: what to select.
        scale: factor of the attention logits, D**-0.5 if None; query-key scorers use it.
        impl: see `lighthouse_attention`.
        rotary: see `lighthouse_attention`.

    Returns:
        [B, H, S] int64 flat pyramid indices in causal order: level 0 first, then level 1, ...

    Raises:
        InputError: see `lighthouse_attention`.
    """
    config, scale = _checked_config(config), _checked_scale(q, k, v, scale)
    rotary = _checked_rotary(config, rotary, q)
    return _backend(impl, q, config).select_entries(q, k, v, config, scale, rotary).long()


def attend(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    *,
    scale: float | None = None,
    impl: Impl = "auto",
    rotary: Rotary | None = None,
) -> Attended:
    """`lighthouse_attention` that also returns the selected entries."""
    config, scale = _checked_config(config), _checked_scale(q, k, v, scale)
    rotary = _checked_rotary(config, rotary, q)
    return Attended(*_backend(impl, q, config).attend(q, k, v, config, scale, rotary))


def stages(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    config: LighthouseConfig,
    *,
    scale: float | None = None,
    impl: Impl = "auto",
    rotary: Rotary | None = None,
    grad: torch.Tensor | None = None,
) -> dict[str, Callable[[], object]]:
    """The operator taken apart for timing: each callable runs one stage alone on inputs that are ready.

    Args:
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        config: what to compute.
        scale: factor of the attention logits, D**-0.5 if None.
        impl: see `lighthouse_attention`.
        rotary: see `lighthouse_attention`.
        grad: [B, H, N, D] gradient of the output; with it there are backward stages too.

    Returns:
        In the order that they run in: "pool+score", "select", "gather", "attend", "scatter", and with `grad`
        "scatter backward", "attend backward", "gather backward", the last with pooling's backward in it.

    Raises:
        InputError: see `lighthouse_attention`.
    """
    config, scale = _checked_config(config), _checked_scale(q, k, v, scale)
    rotary = _checked_rotary(config, rotary, q)
    run: dict[str, Callable[[], object]] = _backend(impl, q, config).stages(q, k, v, config, scale, rotary, grad)
    return run


def _backend(impl: Impl, q: torch.Tensor, config: LighthouseConfig) -> ModuleType:
    """The module that runs `impl` on q; backends are imported when first used and never import each other."""
    match impl:
        case "auto":
            chosen: Impl = "triton" if q.is_cuda and _obstacle(q, config) is None else "reference"
            _log_choice(chosen, q.device.type)
            return _backend(chosen, q, config)
        case "reference":
            from lh_eval.attention import reference

            return reference
        case "triton":
            if (obstacle := _obstacle(q, config)) is not None:
                raise InputError(f"impl='triton' cannot run: {obstacle}; impl='reference' runs anywhere")
            from lh_eval.attention import triton

            return triton
        case _:
            raise InputError(f"impl must be one of {', '.join(get_args(Impl))}, got {impl!r}")


def _obstacle(q: torch.Tensor, config: LighthouseConfig) -> str | None:
    """Why the Triton kernels cannot run; None where they can."""
    try:
        from lh_eval.kernels.triton.common import obstacle
    except ImportError as error:
        return f"triton must be installed, got {error}"
    return obstacle(
        q,
        factor=config.pooling_factor,
        window=config.window,
        tiles=config.num_tiles,
        tile_k=config.entries_per_tile,
    )


_logged: set[tuple[str, str]] = set()


def _log_choice(name: str, device: str) -> None:
    if not torch.compiler.is_compiling() and (name, device) not in _logged:
        _logged.add((name, device))
        _log.info("lighthouse_attention: impl='auto' chose %r on %s", name, device)


def _checked_config(config: LighthouseConfig) -> LighthouseConfig:
    if not isinstance(config, LighthouseConfig):
        raise InputError(f"config must be a LighthouseConfig, got {type(config).__name__}")
    return config


def _checked_rotary(config: LighthouseConfig, rotary: Rotary | None, q: torch.Tensor) -> Rotary | None:
    """The rotary embedding where it is needed; None where what is pooled stays as it is."""
    if rotary is not None and not isinstance(rotary, Rotary):
        raise InputError(f"rotary must be a Rotary, got {type(rotary).__name__}; make it of inverse frequencies")
    if config.rope == "before":
        return None
    if rotary is None:
        raise InputError(
            "rotary must be given with rope='after', got None; pass rotary=Rotary(inv_freq) of the model's inverse "
            "frequencies, or use rope='before'"
        )
    rotary.check(q.shape[3])
    return rotary


def _checked_scale(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float | None) -> float:
    for name, x in (("q", q), ("k", k), ("v", v)):
        if not isinstance(x, torch.Tensor) or x.ndim != 4:
            raise InputError(f"{name} must be a tensor [batch, heads, tokens, dim], got {_describe(x)}")
        if x.dtype not in _FLOATS:
            raise InputError(f"{name} must be float64, float32, float16 or bfloat16, got {x.dtype}")
        if 0 in x.shape:
            raise InputError(f"{name} must not be empty, got {_describe(x)}")
        if x.dtype != q.dtype or x.device != q.device:
            raise InputError(
                f"{name} must have q's dtype and device, {q.dtype} on {q.device}, got {x.dtype} on {x.device}"
            )
    if k.shape != v.shape:
        raise InputError(f"v must have k's shape {tuple(k.shape)}, got {tuple(v.shape)}")
    B, H, N, D = q.shape
    if (k.shape[0], k.shape[2], k.shape[3]) != (B, N, D) or H % k.shape[1]:
        raise InputError(
            f"k must be [{B}, G, {N}, {D}] with G a divisor of {H}, got {tuple(k.shape)}; "
            "queries and keys are pooled alike, so a cache longer than the queries needs dense attention"
        )
    if scale is None:
        return float(D**-0.5)
    if not isinstance(scale, (int, float)) or not 0 < scale < float("inf"):
        raise InputError(f"scale must be a positive and finite number, got {scale!r}")
    return float(scale)


def _describe(x: object) -> str:
    return f"shape {tuple(x.shape)}" if isinstance(x, torch.Tensor) else type(x).__name__
