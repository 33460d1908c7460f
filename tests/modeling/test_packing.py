"""Attention of questions side by side against softmax over what each sees, in float64."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from lh_eval.modeling import packing as side_by_side
from lh_eval.modeling.packing import Layout, _attend, _plain, attend_side_by_side

GPU = pytest.param("cuda", marks=pytest.mark.gpu)
# B, G, heads a group, questions, tokens told before, new ones, context, D
SHAPES = [
    (2, 3, 3, 5, 4, 1, 300, 64),
    (2, 2, 2, 3, 2, 5, 70, 64),
    (1, 1, 4, 2, 0, 7, 1, 20),
    (1, 2, 1, 3, 3, 1, 1, 33),
    (2, 1, 3, 1, 0, 1, 9, 8),
    (1, 2, 2, 2, 3, 2, 40, 264),
]

MOST = (2, 3, 3, 4, 5, 4, 40, 20)


def _case(shape, dtype=torch.float64, device="cpu", size=1.0):
    """Random queries, keys and values as a model has them, and a layout whose questions are told in turns."""
    B, G, r, Q, told, n, context, D = shape
    draw = torch.Generator().manual_seed(sum(shape))
    T = told + n
    query = torch.randn(B, Q * n, G * r, D, generator=draw, dtype=torch.float64).transpose(1, 2) * size
    key, value = (torch.randn(B, G, context + Q * T, D, generator=draw, dtype=torch.float64) for _ in range(2))
    own = torch.cat([torch.arange(Q * told).view(told, Q).T, Q * told + torch.arange(Q * n).view(Q, n)], dim=1)
    query, key, value = (x.to(device, dtype) for x in (query, key * size, value))
    return query, key, value, Layout(B, context, own.to(device), n)


def _yardstick(query, key, value, layout, scale):
    """Softmax in float64 over the keys that a mask lets each query see."""
    query, key, value = (x.double().cpu() for x in (query, key, value))
    own, n = layout.own.cpu(), layout.new
    repeats = query.shape[1] // key.shape[1]
    seen = torch.zeros(query.shape[2], key.shape[2], dtype=torch.bool)
    seen[:, : layout.context] = True
    for question, places in enumerate(own.tolist()):
        for new in range(n):
            upto = len(places) - n + new + 1
            seen[question * n + new, [layout.context + place for place in places[:upto]]] = True
    key, value = (x.repeat_interleave(repeats, 1) for x in (key, value))
    scores = (query @ key.mT * scale).masked_fill(~seen, -torch.inf)
    return (scores.softmax(-1) @ value).transpose(1, 2)


def _bound(expected, dtype):
    """Roundings of the result; in float32, whose sums are float32 too, some more."""
    return (16 if dtype == torch.float32 else 4) * torch.finfo(dtype).eps * expected.abs().max()


@given(
    shape=st.tuples(*(st.integers(least, most) for least, most in zip((1, 1, 1, 1, 0, 1, 1, 1), MOST, strict=True))),
    scale=st.sampled_from([None, 0.3]),
    size=st.sampled_from([1.0, 30.0]),
)
@example(shape=(1, 1, 1, 2, 0, 1, 1, 1), scale=None, size=1.0)
def test_equals_softmax_over_what_each_question_sees(shape, scale, size):
    case = _case(shape, size=size)
    out = attend_side_by_side(*case, scale)
    torch.testing.assert_close(out, _yardstick(*case, scale or shape[-1] ** -0.5), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("device", ["cpu", GPU])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_error_is_that_of_the_precision(shape, dtype, device):
    *tensors, layout = _case(shape, dtype, device)
    expected = _yardstick(*tensors, layout, shape[-1] ** -0.5)
    out = attend_side_by_side(*tensors, layout, None)
    assert (out.dtype, out.shape) == (dtype, expected.shape)
    assert (out.double().cpu() - expected).abs().max() <= _bound(expected, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("most", [1, 2**27], ids=["a query at a time", "at once"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_without_flash_attention(shape, most, dtype, monkeypatch):
    """What other devices run, on the CPU."""
    *tensors, layout = _case(shape, dtype)
    monkeypatch.setattr(side_by_side, "_MOST_SCORES", most)
    monkeypatch.setattr(side_by_side, "_on_cpu", lambda _: False)
    expected = _yardstick(*tensors, layout, shape[-1] ** -0.5)
    out = attend_side_by_side(*tensors, layout, None)
    assert out.dtype == dtype
    assert (out.double() - expected).abs().max() <= _bound(expected, dtype)


@pytest.mark.parametrize("device", ["cpu", GPU])
@pytest.mark.parametrize("size", [1.0, 60.0])
def test_log_sums(device, size):
    """Of very large scores too, whose exponentials are beyond any number."""
    *tensors, layout = _case((2, 2, 3, 1, 6, 3, 1, 16), torch.bfloat16, device, size)
    query, key, value = tensors
    _, sums = _attend(query, key[:, :, 1:], value[:, :, 1:], 1.0, layout.bias)
    scores = query.double().cpu() @ key[:, :, 1:].double().cpu().repeat_interleave(3, 1).mT
    expected = (scores + layout.bias.cpu()).logsumexp(-1)
    assert sums.dtype == torch.float32
    torch.testing.assert_close(sums.double().cpu(), expected, rtol=1e-5, atol=1e-3)


def _stand_in(monkeypatch):
    """Flash attention as a GPU has it, on the CPU."""

    def flash(query, key, value, scale, *, causal):
        assert query.shape[3] % 8 == 0
        assert query.stride(3) == key.stride(3) == value.stride(3) == 1
        n, T, r = query.shape[2], key.shape[2], query.shape[1] // key.shape[1]
        bias = torch.full((n, T), -torch.inf).triu(T - n + 1) if causal else None
        out, sums = _plain(query, *(x.repeat_interleave(r, 1) for x in (key, value)), scale, bias)
        return torch.empty_like(query).copy_(out), sums

    monkeypatch.setattr(side_by_side, "_has_flash", lambda _: True)
    monkeypatch.setattr(side_by_side, "flash_attention", flash)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_a_gpu_is_given(shape, monkeypatch):
    _stand_in(monkeypatch)
    *tensors, layout = _case(shape, torch.bfloat16)
    expected = _yardstick(*tensors, layout, shape[-1] ** -0.5)
    out = attend_side_by_side(*tensors, layout, None)
    assert (out.dtype, out.shape) == (torch.bfloat16, expected.shape)
    assert (out.double() - expected).abs().max() <= _bound(expected, torch.bfloat16)


class _Launches(TorchDispatchMode):
    """Counts what is no view."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        if not any(result.alias_info for result in func._schema.returns):
            self.names.append(func.overloadpacket.__name__)
        return out


def test_a_layer_has_few_launches(monkeypatch):
    """In a step of generation: two attentions, and these."""
    *tensors, layout = _case(SHAPES[0], torch.bfloat16)
    attend_side_by_side(*tensors, layout, None)
    monkeypatch.setattr(side_by_side, "_has_flash", lambda _: True)
    monkeypatch.setattr(side_by_side, "flash_attention", lambda query, *_, **__: (query, torch.empty(query.shape[:3])))
    with torch.no_grad(), _Launches() as seen:
        attend_side_by_side(*tensors, layout, None)
    launches = [name for name in seen.names if name != "empty"]
    assert launches == ["index", "index", "sub", "sigmoid", "_to_copy", "lerp"]
