"""The contenders: what each provider's name runs, forward, on q, k and v."""

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from lh_eval.attention.operator import lighthouse_attention
from lh_eval.bench.inputs import Inputs
from lh_eval.bench.timing import Repetition, median_ms
from lh_eval.bench.workload import LIGHTHOUSE, REFERENCE, Case, Workload

Forward = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

IMPL: dict[str, Any] = {LIGHTHOUSE: "triton", REFERENCE: "reference"}

_PROBE = Repetition(repeats=5, seconds=0.2, least=1)
_LONGEST_PROBE = 32_768  # tokens; what is fastest there is so beyond, where trying the others takes minutes
_SCORES = 2**29  # bytes of [B, H, N, N] float32 up to which the backend that makes them is tried
_BACKENDS = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}


class Contender(NamedTuple):
    """Something that can be timed.

    forward: [B, H, N, D], [B, G, N, D] x2 -> [B, H, N, D].
    kernel: which dense attention runs, for people; empty where it is not ours to choose.
    backend: its name in torch, to be switched on around all calls.
    """

    forward: Forward
    kernel: str = ""
    backend: SDPBackend | None = None

    @contextlib.contextmanager
    def chosen(self) -> Iterator[None]:
        """Time within this: what is switched on once is not in the time of each call."""
        with sdpa_kernel(self.backend) if self.backend is not None else contextlib.nullcontext():
            yield


def contender(case: Case, workload: Workload, sets: Sequence[Inputs]) -> Contender:
    """What to time for a case.

    Raises:
        RuntimeError: no dense backend runs it.
    """
    if case.provider in IMPL:
        assert case.k is not None
        config, impl = workload.config(case.k), IMPL[case.provider]
        return Contender(functools.partial(lighthouse_attention, config=config, impl=impl, rotary=workload.rotary()))
    return fastest_dense(sets, workload.device)


def calls(forward: Forward, sets: Sequence[Inputs]) -> list[Callable[[], Sequence[torch.Tensor]]]:
    """One call a set; it returns the output, and the gradients of q, k and v where the set has the output's."""
    return [functools.partial(_call, forward, inputs) for inputs in sets]


def fastest_dense(sets: Sequence[Inputs], device: torch.device) -> Contender:
    """The fastest of the dense causal attentions that torch has for these inputs, by trying them on their start.

    Raises:
        RuntimeError: none runs; the message is the last one's.
    """
    candidates = list(_dense(sets[0]))
    if len(candidates) == 1:  # trying it could take as long as timing it
        return candidates[0]
    probes = [_start(inputs) for inputs in sets]
    best, least, reason = None, float("inf"), "no backend"
    for found in candidates:
        try:
            with warnings.catch_warnings(), found.chosen():
                warnings.simplefilter("ignore")  # torch warns of each reason why a backend does not run
                ms = median_ms(calls(found.forward, probes), device, _PROBE)
        except RuntimeError as error:  # out of memory is one, too
            reason = str(error)
            continue
        if ms < least:
            best, least = found, ms
    if best is None:
        raise RuntimeError(f"no dense attention of torch runs this: {reason}")
    return best


def _start(inputs: Inputs) -> Inputs:
    """The first tokens of inputs that are longer than what is tried."""
    if inputs.q.shape[2] <= _LONGEST_PROBE:
        return inputs
    q, k, v = (
        x.detach()[:, :, :_LONGEST_PROBE].contiguous().requires_grad_(x.requires_grad)
        for x in (inputs.q, inputs.k, inputs.v)
    )
    return Inputs(q, k, v, None if inputs.grad is None else inputs.grad[:, :, :_LONGEST_PROBE].contiguous())


def _dense(inputs: Inputs) -> Iterator[Contender]:
    B, H, N, _ = inputs.q.shape
    grouped = inputs.k.shape[1] != H
    for name, backend in _BACKENDS.items():
        missing = name in ("cudnn", "efficient") and not inputs.q.is_cuda
        if missing or (name == "math" and 4 * B * H * N * N > _SCORES):
            continue
        yield Contender(functools.partial(_sdpa, grouped=grouped), name, backend)
        if grouped:
            yield Contender(_sdpa_repeated, f"{name}, K and V repeated", backend)


def _sdpa(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, grouped: bool) -> torch.Tensor:
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=grouped)


def _sdpa_repeated(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    groups = q.shape[1] // k.shape[1]
    return _sdpa(q, k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1), grouped=False)


def _call(forward: Forward, inputs: Inputs) -> Sequence[torch.Tensor]:
    q, k, v, grad = inputs
    if grad is None:
        with torch.no_grad():
            return (forward(q, k, v),)
    out = forward(q, k, v)
    return (out, *torch.autograd.grad(out, (q, k, v), grad))
