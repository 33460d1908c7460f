"""Norms of gated linear attention by the kernel, against the scorer."""

import math

import golden
import pytest
import torch
from strategies import tensors

from lh_eval.attention.fused import fused_scorer
from lh_eval.kernels.triton import gla, ops
from lh_eval.scorers.base import SCORERS


def _inputs(dtype, device, **shape):
    return [x.to(device) for x in tensors(4, dtype=dtype, **shape)]


def _compare(inputs, scorer, *, rtol=2e-5):
    for ours, theirs in zip(fused_scorer(scorer)(*inputs, scale=0.3), scorer(*inputs, scale=0.3), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("options", ["", ":dilation=3", ":log_gate=-2.5", ":log_gate=0,dilation=1"])
@pytest.mark.parametrize(("tokens", "dim"), [(1, 16), (3, 8), (70, 24), (203, 16)])
@pytest.mark.usefixtures("poisoned")
def test_equals_the_scorer(options, tokens, dim, device):
    _compare(_inputs(torch.float32, device, heads=2, tokens=tokens, dim=dim), SCORERS.build(f"gla{options}"))


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.usefixtures("poisoned")
def test_grouped_heads_and_strides(groups, device):
    inputs = _inputs(torch.float32, device, batch=2, heads=4, groups=groups, tokens=50)
    for dims in ((0, 0), (1, 2), (2, 3)):
        _compare([x.transpose(*dims).contiguous().transpose(*dims) for x in inputs], SCORERS.build("gla"))


@pytest.mark.parametrize("dim", [128, 200])
def test_values_in_parts(dim, device, monkeypatch):
    monkeypatch.setattr(gla, "_STATE", 2**14)
    _compare(_inputs(torch.float32, device, heads=1, tokens=40, dim=dim), SCORERS.build("gla"), rtol=5e-5)


@pytest.mark.parametrize("options", [":log_gate=-1.5,dilation=1", ":log_gate=-0.9,dilation=2"])
@pytest.mark.usefixtures("poisoned")
def test_segments_start_from_what_is_not_forgotten(options, device, monkeypatch):
    monkeypatch.setattr(gla, "STEPS", 16)
    scorer = SCORERS.build(f"gla{options}")
    steps, warm = gla.segment(-(-300 // scorer.dilation), 16, scorer.log_gate)
    assert steps * scorer.dilation < 300
    assert math.exp(scorer.log_gate * warm) <= 2**-40
    _compare(_inputs(torch.float32, device, heads=1, tokens=300), scorer)


def test_segments():
    assert gla.segment(131_072, 64, -0.0433) == (4096, 704)
    assert gla.segment(2000, 64, -0.0433) == (2048, 0)
    assert gla.segment(131_072, 64, -0.004) == (2 * 6976, 6976)
    assert gla.segment(131_072, 64, 0.0) == (131_072, 0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision(dtype, device, interpreted):
    tokens = 150 if interpreted else 5003
    inputs = _inputs(dtype, device, heads=2, groups=1, tokens=tokens, dim=64)
    # decayed products and the state are rounded to bfloat16, which interpreted is multiplied in float32
    _compare(inputs, SCORERS.build("gla"), rtol=2**-7 if dtype == torch.bfloat16 and not interpreted else 2e-5)


def test_float64_is_left_to_the_scorer(device):
    inputs = _inputs(torch.float64, device, heads=2, tokens=50)
    _compare(inputs, SCORERS.build("gla"), rtol=0)


def test_the_recurrence_of_the_golden_vectors(device, interpreted):
    case = golden.load("gla_l")
    inputs = [x[:, :, : 200 if interpreted else None].to(device) for x in golden.inputs(case, torch.float32)[:3]]
    _compare(inputs, SCORERS.build("gla"))


def test_opcheck(device):
    torch.library.opcheck(
        ops.gla_norms.registered, (*_inputs(torch.float32, device, heads=2, groups=1, tokens=40), 4, -0.0433, 0.3)
    )
