"""Values are causal, by gradient and with frozen indices; membership is not, and is not asserted to be."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import configs, tensors

from lh_eval import LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.attention import reference


@given(config=configs(), tokens=st.integers(2, 200), where=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_no_gradient_reaches_later_tokens(config, tokens, where, seed):
    q, k, v = tensors(seed, tokens=tokens)
    for x in (q, k, v):
        x.requires_grad_()
    t = int(where * (tokens - 1))
    lighthouse_attention(q, k, v, config)[:, :, t].square().sum().backward()
    for x in (q, k, v):
        assert (x.grad[:, :, t + 1 :] == 0).all()


def test_gradient_reaches_tokens_before():
    q, k, v = tensors(0, tokens=100)
    v.requires_grad_()
    lighthouse_attention(q, k, v, LighthouseConfig(k=8, tile_k=4))[:, :, 70].sum().backward()
    assert (v.grad[:, :, :48].abs().amax(-1) > 0).all()


@given(config=configs(), tokens=st.integers(2, 200), where=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_later_tokens_change_nothing_once_indices_are_frozen(config, tokens, where, seed):
    q, k, v = tensors(seed, heads=2, tokens=tokens)
    frozen = reference.select_entries(q, k, v, config, 0.5)
    t = int(where * (tokens - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "select_entries", lambda *_, **__: frozen)
        before = lighthouse_attention(q, k, v, config)
        for x in (q, k, v):
            x[:, :, t + 1 :] = x[:, :, t + 1 :].flip(1) * 100 + 1
        after = lighthouse_attention(q, k, v, config)
    assert torch.equal(before[:, :, : t + 1], after[:, :, : t + 1])


def test_membership_depends_on_later_tokens():
    q, k, v = tensors(0, tokens=128)
    config = LighthouseConfig(k=4, tile_k=4)
    before = select_entries(q, k, v, config)
    q[:, :, 64:] *= 1e3
    k[:, :, 64:] *= 1e3
    after = select_entries(q, k, v, config)
    assert set(before[before < 64].tolist()) != set(after[after < 64].tolist())
