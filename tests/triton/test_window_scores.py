"""Scores of tokens by their windows' expectations, against the torch function."""

import pytest
import torch
from strategies import tensors

from lh_eval.kernels.triton import ops
from lh_eval.scorers.pooled_qk import window_scores


def _inputs(dtype, tokens, window, groups, device):
    q, k, _ = tensors(4, batch=2, heads=4, groups=groups, tokens=tokens, dim=24, dtype=dtype)
    windows = -(-tokens // window)
    expected = torch.randn(2, 4, windows, 24, generator=torch.Generator().manual_seed(1)).to(dtype)
    strength = torch.rand(2, 4, windows, generator=torch.Generator().manual_seed(2))
    return (x.to(device) for x in (k if groups < 4 else q, expected, strength))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("tokens", "window"), [(1, 16), (70, 16), (64, 5)])
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.usefixtures("poisoned")
def test_equals_the_function(dtype, tokens, window, groups, device):
    x, expected, strength = _inputs(dtype, tokens, window, groups, device)
    for rows in (x, x.transpose(1, 2).contiguous().transpose(1, 2), x.transpose(2, 3).contiguous().transpose(2, 3)):
        ours = ops.window_scores(rows, expected, strength, window, 0.3, 0.2)
        theirs = window_scores(x, expected, strength, window=window, own=0.3, scale=0.2)
        assert torch.equal(ours, theirs)


def test_opcheck(device):
    x, expected, strength = _inputs(torch.float32, 40, 16, 2, device)
    torch.library.opcheck(ops.window_scores.registered, (x, expected, strength, 16, 0.3, 0.2))
