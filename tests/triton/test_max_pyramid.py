"""The max pyramid of scores by the kernel, against the torch function."""

import math

import pytest
import torch

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.triton import ops


@pytest.mark.parametrize(("tokens", "levels", "factor"), [(1, 2, 4), (70, 3, 4), (64, 3, 4), (4999, 5, 3), (9, 2, 16)])
@pytest.mark.usefixtures("poisoned")
def test_equals_the_function(tokens, levels, factor, device):
    layout = Layout(tokens, levels, factor, 1, 2)
    query, key = torch.randn(2, 4, tokens, device=device), torch.randn(2, tokens, 2, device=device).transpose(1, 2)
    *pyramids, bad = ops.max_pyramid(query, key, [tokens, levels, factor, 1, 2])
    for ours, scores in zip(pyramids, (query, key), strict=True):
        assert torch.equal(ours, max_pyramid(scores, layout)[..., layout.padded :])
    assert bad.tolist() == [0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [0, 1])
def test_what_is_not_finite_is_flagged(value, kind, device):
    scores = [torch.randn(1, 2, 40, device=device) for _ in range(2)]
    scores[kind][0, 1, 17] = value
    *pyramids, bad = ops.max_pyramid(*scores, [40, 3, 4, 1, 2])
    assert bad.tolist() == [1]
    wrong = (pyramids[kind] == math.inf).nonzero().tolist()
    assert wrong == [[0, 1, 4], [0, 1, 12 + 1]]  # its windows of 4 and of 16, after the 12 of level 1
    assert not (pyramids[1 - kind] == math.inf).any()


def test_opcheck(device):
    scores = (torch.randn(1, 2, 40, device=device), torch.randn(1, 1, 40, device=device))
    torch.library.opcheck(ops.max_pyramid.registered, (*scores, [40, 3, 4, 1, 2]))
