import math

import pytest
import torch
from strategies import tensors

from lh_eval.scorers.base import SCORERS


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_norms_of_queries_and_of_each_groups_keys(dtype):
    q, k, v = tensors(0, batch=2, heads=4, groups=2, tokens=7, dim=5, dtype=dtype)
    scores = SCORERS.build("norm")(q, k, v, scale=1.0)
    for actual, x in ((scores.query, q), (scores.key, k)):
        expected = [[[math.hypot(*row.tolist()) for row in head] for head in batch] for batch in x]
        assert actual.dtype == torch.float32
        torch.testing.assert_close(actual, torch.tensor(expected))


def test_large_components_do_not_overflow():
    q = torch.full((1, 1, 2, 4), 6e4, dtype=torch.float16)  # the square is beyond float16
    assert SCORERS.build("norm")(q, q, q, scale=1.0).query.tolist() == [[[120000.0, 120000.0]]]


def test_order_of_components_does_not_matter():
    q, k, v = tensors(1, tokens=500, dim=64, dtype=torch.float32)
    shuffled = q[..., torch.randperm(64, generator=torch.Generator().manual_seed(0))]
    norm = SCORERS.build("norm")
    assert torch.equal(norm(q, k, v, scale=1.0).query, norm(shuffled, k, v, scale=1.0).query)
