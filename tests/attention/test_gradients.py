"""Gradients against finite differences, and the same bits in every run."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import configs, tensors
from torch.autograd import gradcheck

from lh_eval import lighthouse_attention


@settings(max_examples=15)
@given(
    config=configs(max_levels=3, factors=(2, 4), scorer="norm"),
    tokens=st.integers(1, 20),
    groups=st.sampled_from([1, 2]),
    seed=st.integers(0, 2**32),
)
def test_operator(config, tokens, groups, seed):
    # scores are real numbers, far apart next to the step of the differences: the selection is stable
    inputs = [x.requires_grad_() for x in tensors(seed, heads=2, groups=groups, tokens=tokens, dim=2)]
    assert gradcheck(lambda q, k, v: lighthouse_attention(q, k, v, config), inputs)


@settings(max_examples=20)
@given(config=configs(), tokens=st.integers(1, 300), dtype=st.sampled_from([torch.float32, torch.bfloat16]))
def test_bit_identical_reruns(config, tokens, dtype):
    def run():
        inputs = [x.requires_grad_() for x in tensors(1, batch=2, heads=4, groups=2, tokens=tokens, dtype=dtype)]
        out = lighthouse_attention(*inputs, config)
        out.square().sum().backward()
        return [out.detach(), *(x.grad for x in inputs)]

    assert all(torch.equal(a, b) for a, b in zip(run(), run(), strict=True))
