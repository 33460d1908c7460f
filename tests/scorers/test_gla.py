"""Gated-linear-attention scores against the recurrence, a step at a time, and the released golden vectors."""

import golden
import numpy as np
import pytest
import torch
from allocations import Allocations
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tensors

from lh_eval import InputError, LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.scorers import gla
from lh_eval.scorers.base import SCORERS
from lh_eval.scorers.gla import LOG_GATE, gla_scores


def _recurrence(q, k, v, log_gate, dilation, scale):
    """Norms [N, H] of q, k, v [N, H, D] and gates [N, H]: a state for each head and remainder."""
    tokens, heads, dim = q.shape
    norms = np.empty((tokens, heads))
    for head in range(heads):
        for remainder in range(min(dilation, tokens)):
            state = np.zeros((dim, dim))
            for t in range(remainder, tokens, dilation):
                state = np.exp(log_gate[t, head]) * state + np.outer(k[t, head], v[t, head])
                norms[t, head] = np.linalg.norm(scale * q[t, head] @ state)
    return norms


def _both(q, k, v, log_gate, dilation, scale):
    """Query and key scores [B, H, N] by the recurrence; log_gate [B, N, H]."""
    members = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(members, dim=1) for x in (k, v))
    results = [], []
    for b in range(q.shape[0]):
        rows = [x[b].double().transpose(0, 1).numpy() for x in (q, k, v)]
        gates = log_gate[b].double().numpy()
        results[0].append(_recurrence(rows[0], rows[1], rows[2], gates, dilation, scale).T)
        results[1].append(_recurrence(rows[1], rows[0], rows[2], gates, dilation, scale).T)
    return [torch.from_numpy(np.stack(x)).float() for x in results]


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**16),
    tokens=st.integers(1, 70),
    dilation=st.integers(1, 5),
    groups=st.sampled_from((1, 2, 4)),
    chunk=st.sampled_from((1, 3, 16)),
    per_token=st.booleans(),
)
def test_equals_the_recurrence(seed, tokens, dilation, groups, chunk, per_token):
    q, k, v = tensors(seed, batch=2, heads=4, groups=groups, tokens=tokens, dim=5)
    gates = torch.full((2, tokens, 4), LOG_GATE)
    if per_token:
        gates = -3 * torch.rand(2, tokens, 4, generator=torch.Generator().manual_seed(seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gla, "_CHUNK", chunk)
        scores = gla_scores(q, k, v, scale=0.3, dilation=dilation, log_gate=gates if per_token else None)
    for actual, expected in zip(scores, _both(q, k, v, gates, dilation, 0.3), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-9)


def test_golden():
    case = golden.load("gla_l")
    q, k, v, _ = golden.inputs(case, torch.float32)
    gates = torch.from_numpy(case["log_gate"])
    scores = gla_scores(q, k, v, scale=case["D"] ** -0.5, dilation=case["dilation"], log_gate=gates)
    for kind in scores._fields:
        actual = getattr(scores, kind).transpose(1, 2)
        torch.testing.assert_close(actual, torch.from_numpy(case[kind]).float(), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(actual, torch.from_numpy(case[f"fla_{kind}"]), rtol=5e-3, atol=2e-3)


@pytest.mark.parametrize("options", ["", ":dilation=3", ":log_gate=0", ":dilation=1,log_gate=-7.5"])
@pytest.mark.parametrize("tokens", [1, 3, 200])
def test_the_registered_scorer(options, tokens):
    scorer = SCORERS.build(f"gla{options}")
    q, k, v = tensors(1, heads=2, groups=1, tokens=tokens)
    gates = torch.full((1, tokens, 2), scorer.log_gate, dtype=torch.float64)
    expected = gla_scores(q, k, v, scale=0.3, dilation=scorer.dilation, log_gate=gates)
    for actual, wanted in zip(scorer(q, k, v, scale=0.3), expected, strict=True):
        assert torch.equal(actual, wanted)


def test_defaults():
    assert SCORERS.spec("gla:dilation=4,log_gate=-0.0433") == "gla"
    assert round(np.log(0.5) / 16, 4) == LOG_GATE


@pytest.mark.parametrize("tokens", [1, 255, 256, 257, 700])
def test_whole_and_partial_chunks(tokens):
    q, k, v = tensors(2, heads=2, tokens=tokens)
    gates = torch.full((1, tokens, 2), LOG_GATE, dtype=torch.float64)
    for actual, expected in zip(gla_scores(q, k, v, scale=0.3), _both(q, k, v, gates, 4, 0.3), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-6), (torch.float32, 1e-5), (torch.bfloat16, 1e-5)])
def test_scores_are_float32_in_every_precision(dtype, rtol):
    q, k, v = tensors(4, batch=2, heads=4, groups=2, tokens=603, dtype=dtype)
    exact = SCORERS.build("gla")(q.double(), k.double(), v.double(), scale=0.3)
    for actual, expected in zip(SCORERS.build("gla")(q, k, v, scale=0.3), exact, strict=True):
        assert actual.dtype == torch.float32
        assert not actual.requires_grad
        torch.testing.assert_close(actual, expected, rtol=rtol, atol=1e-5)


def test_autocast_does_not_round_states():
    q, k, v = tensors(4, heads=2, tokens=603, dtype=torch.float32)
    plain = SCORERS.build("gla")(q, k, v, scale=0.3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(SCORERS.build("gla")(q, k, v, scale=0.3).key, plain.key)


def test_gates_that_forget_at_once_leave_a_tokens_own():
    q, k, v = tensors(5, tokens=100)
    gates = torch.full((1, 100, 1), -1e6)
    expected = ((q * k).sum(-1).abs() * v.norm(dim=-1)).float()
    for scores in gla_scores(q, k, v, scale=1.0, log_gate=gates):
        torch.testing.assert_close(scores, expected)


@pytest.mark.parametrize("groups", [1, 2])
def test_grouped_heads_equal_repeated_heads(groups):
    q, k, v = tensors(6, batch=2, heads=4, groups=groups, tokens=300)
    wide = [x.repeat_interleave(4 // groups, dim=1) for x in (k, v)]
    for grouped, repeated in zip(gla_scores(q, k, v, scale=0.3), gla_scores(q, *wide, scale=0.3), strict=True):
        torch.testing.assert_close(grouped, repeated)


def test_layout_in_memory_does_not_matter():
    q, k, v = tensors(7, batch=2, heads=4, groups=2, tokens=57)
    expected = gla_scores(q, k, v, scale=0.3)
    for dims in ((1, 2), (2, 3), (0, 1)):
        strided = [x.transpose(*dims).contiguous().transpose(*dims) for x in (q, k, v)]
        for actual, wanted in zip(gla_scores(*strided, scale=0.3), expected, strict=True):
            torch.testing.assert_close(actual, wanted)


@pytest.mark.parametrize("groups", [1, 4])
def test_memory_is_a_chunks_and_the_states(groups):
    q, k, v = tensors(8, heads=4, groups=groups, tokens=4096, dim=16, dtype=torch.bfloat16)
    with Allocations() as made:
        gla_scores(q, k, v, scale=0.3)
    assert made.largest == max(groups * 4 * 64 * 64, 4 * 4096)  # decays between a chunk's steps; scores


def test_later_tokens_do_not_change_a_score():
    q, k, v = tensors(9, tokens=400)
    before = gla_scores(q, k, v, scale=1.0)
    for x in (q, k, v):
        x[:, :, 200:] += 10
    after = gla_scores(q, k, v, scale=1.0)
    for x, y in zip(before, after, strict=True):
        torch.testing.assert_close(x[..., :200], y[..., :200])


def test_in_the_operator():
    q, k, v = tensors(10, heads=4, groups=2, tokens=301, dtype=torch.float32)
    config = LighthouseConfig(k=8, tile_k=4, scorer="gla")
    assert torch.equal(select_entries(q, k, v, config), select_entries(q, k, v, config, scale=3.0))  # only a factor
    assert lighthouse_attention(q.requires_grad_(), k, v, config).isfinite().all()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("dilation=0", "dilation of scorer 'gla' must be at least 1, got 0"),
        ("log_gate=0.1", r"log_gate of scorer 'gla' must be finite and at most 0, got 0\.1"),
        ("log_gate=nan", "log_gate of scorer 'gla' must be finite and at most 0, got nan"),
        ("log_gate=-inf", "log_gate of scorer 'gla' must be finite and at most 0, got -inf"),
    ],
)
def test_bad_options(option, message):
    with pytest.raises(InputError, match=message):
        SCORERS.build(f"gla:{option}")


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        (torch.zeros(1, 2, 5), r"log_gate must be \[1, 5, 2\], got \(1, 2, 5\); one a token and query head"),
        (torch.ones(1, 5, 2), r"log_gate must be at most 0, got 1\.0; give the logarithm of the gate"),
    ],
)
def test_bad_gates(gates, message):
    with pytest.raises(InputError, match=message):
        gla_scores(*tensors(0, heads=2, tokens=5), scale=1.0, log_gate=gates)


@pytest.mark.gpu
def test_flash_linear_attention():
    pytest.importorskip("fla")
    case = golden.load("gla_l")
    q, k, v, _ = (x.cuda() for x in golden.inputs(case, torch.float32))
    gates = torch.from_numpy(case["log_gate"]).cuda()
    scores = gla_scores(q, k, v, scale=case["D"] ** -0.5, dilation=case["dilation"], log_gate=gates)
    for kind in scores._fields:
        actual = getattr(scores, kind).transpose(1, 2).cpu()
        torch.testing.assert_close(actual, torch.from_numpy(case[kind]).float(), rtol=2e-2, atol=2e-2)
