"""The registered operators: schemas, fakes and gradients by PyTorch's own checks, and compilation of the whole."""

import pytest
import torch
from strategies import tensors

from lh_eval import LighthouseConfig, Rotary, lighthouse_attention
from lh_eval.kernels.triton import ops

CONFIG = LighthouseConfig(k=4, tile_k=2)
TOKENS = 22  # a tile and a rest; each operator is run some twenty times


@pytest.fixture
def inputs(device):
    return [
        x.to(device).requires_grad_() for x in tensors(0, heads=2, groups=1, tokens=TOKENS, dim=16, dtype=torch.float32)
    ]


@pytest.mark.parametrize("rotates", [pytest.param(False, marks=pytest.mark.long), True])
def test_opcheck(inputs, rotates):
    layout = [TOKENS, 3, 4, 2, 2]
    rotation = (None, [])
    hows = ("finest", "mean") if rotates else ("sum",)
    if rotates:
        inv_freq = torch.tensor([1.0, 0.2, 0.1], device=inputs[0].device)
        made = Rotary(inv_freq).rotation(16, 16, inputs[0])
        rotation = (made.table, [made.pairs, made.apart])
        torch.library.opcheck(ops.unrotated.registered, (inputs[0].detach(), inv_freq, True))
    with torch.no_grad():
        *means, query, key, bad = ops.pool(*inputs, layout, True, *rotation)
        indices, inverse, host = ops.select(query, key, bad, layout, 0)
        rows = ops.gather(*inputs, *means, indices, inverse, layout, *rotation)
    detached = [x.detach() for x in inputs]
    row, grad = rows[0].detach().requires_grad_(), torch.randn_like(detached[0])
    for operator, arguments in (
        (ops.pool, (*detached, layout, True, *rotation)),
        (ops.pool, (*detached, layout, False, *rotation)),
        (ops.select, (query, key, bad, layout, 0)),
        (ops.gather, (*inputs, *means, indices, inverse, layout, *rotation)),
        (ops.gather_backward, (*rows, inverse, layout, 1, *rotation)),
        *((ops.scatter, (row, indices, inverse, host, layout, 1, rotates, how)) for how in hows),
        *((ops.scatter_backward, (grad, indices, inverse, layout, how)) for how in hows),
    ):
        torch.library.opcheck(operator.registered, arguments)


@pytest.mark.parametrize(
    ("options", "dynamic"),
    [
        pytest.param({}, True, marks=pytest.mark.long),
        pytest.param({"scorer": "qk"}, False, marks=pytest.mark.long),
        pytest.param({"scorer": "gla"}, False, marks=pytest.mark.long),
        ({"rope": "after", "combine": "finest"}, True),
        pytest.param({"rope": "after", "combine": "mean", "scorer": "pooled-qk"}, False, marks=pytest.mark.long),
    ],
)
def test_compiles_whole(inputs, options, dynamic, interpreted):
    config = LighthouseConfig(k=4, tile_k=2, **options)
    rotary = Rotary(torch.tensor([1.0, 0.2, 0.1], device=inputs[0].device))
    torch._dynamo.reset()

    def attend(q, k, v):
        return lighthouse_attention(q, k, v, config, impl="triton", rotary=rotary) * 2

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
