"""Norms of rows have the scorer's bits."""

import pytest
import torch
from strategies import tensors

from lh_eval.kernels.triton import ops
from lh_eval.scorers.norm import l2_norm


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("count", "dim"), [(1, 8), (77, 24), (200, 64)])
@pytest.mark.usefixtures("poisoned")
def test_equals_the_function(dtype, count, dim, device):
    x = tensors(1, batch=2, heads=3, tokens=count, dim=dim, dtype=dtype)[0].to(device)
    for rows in (x, x[:, :, : count // 2 + 1], x.transpose(1, 2).contiguous().transpose(1, 2)):
        assert torch.equal(ops.row_norms(rows), l2_norm(rows))


def test_opcheck(device):
    torch.library.opcheck(ops.row_norms.registered, (torch.randn(1, 2, 5, 16, device=device),))
