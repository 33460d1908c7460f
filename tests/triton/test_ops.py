"""The registered operators: schemas, fakes and gradients by PyTorch's own checks, and compilation of the whole."""

import pytest
import torch
from strategies import tensors

from lh_eval import LighthouseConfig, lighthouse_attention
from lh_eval.kernels.triton import ops

CONFIG = LighthouseConfig(k=4, tile_k=2)


@pytest.fixture
def inputs(device):
    return [
        x.to(device).requires_grad_() for x in tensors(0, heads=2, groups=1, tokens=50, dim=16, dtype=torch.float32)
    ]


def test_opcheck(inputs):
    layout = [50, 3, 4, 2, 2]
    with torch.no_grad():
        *means, query, key, bad = ops.pool(*inputs, layout, True)
        indices, inverse, host = ops.select(query, key, bad, layout, 0)
        rows = ops.gather(*inputs, *means, indices, inverse, layout)
    detached = [x.detach() for x in inputs]
    for operator, arguments in (
        (ops.pool, (*detached, layout, True)),
        (ops.pool, (*detached, layout, False)),
        (ops.select, (query, key, bad, layout, 0)),
        (ops.gather, (*inputs, *means, indices, inverse, layout)),
        (ops.gather_backward, (*rows, inverse, layout, 1)),
        (ops.scatter, (rows[0].detach().requires_grad_(), indices, inverse, host, layout, 1, False)),
        (ops.scatter, (rows[0].detach().requires_grad_(), indices, inverse, host, layout, 1, True)),
        (ops.scatter_backward, (torch.randn_like(detached[0]), indices, layout)),
    ):
        torch.library.opcheck(operator.registered, arguments)


@pytest.mark.parametrize(
    ("scorer", "dynamic"), [("norm", False), ("norm", True), ("qk", False), ("pooled-qk", False), ("gla", False)]
)
def test_compiles_whole(inputs, scorer, dynamic, interpreted):
    config = LighthouseConfig(k=4, tile_k=2, scorer=scorer)
    torch._dynamo.reset()

    def attend(q, k, v):
        return lighthouse_attention(q, k, v, config, impl="triton") * 2

    backend = "aot_eager" if interpreted else "inductor"
    compiled = torch.compile(attend, fullgraph=True, dynamic=dynamic, backend=backend)
    results = []
    for function in (attend, compiled):
        out = function(*inputs)
        results.append([out, *torch.autograd.grad(out.square().sum(), inputs)])
    for ours, eager in zip(*results, strict=True):
        torch.testing.assert_close(ours, eager)


def test_deterministic_algorithms_are_kept(inputs):
    torch.use_deterministic_algorithms(True)
    try:
        lighthouse_attention(*inputs, CONFIG, impl="triton").sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
