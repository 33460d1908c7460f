"""The released operator's own results, reproduced."""

import golden
import pytest
import torch

from lh_eval import LighthouseConfig, lighthouse_attention, select_entries

pytestmark = [
    pytest.mark.parametrize("name", golden.CASES),
    pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"]),
]


def _config(case):
    return LighthouseConfig(k=case["k"], num_levels=case["L"], pooling_factor=case["p"])


def test_selected_entries(name, dtype):
    case = golden.load(name)
    q, k, v, _ = golden.inputs(case, dtype)
    assert select_entries(q, k, v, _config(case)).tolist() == case["indices"].tolist()


def test_output_and_gradients(name, dtype):
    case = golden.load(name)
    q, k, v, grad = golden.inputs(case, dtype)
    for x in (q, k, v):
        x.requires_grad_()
    out = lighthouse_attention(q, k, v, _config(case))
    torch.testing.assert_close(out.detach().float(), torch.from_numpy(case["out"]), rtol=0, atol=5e-5)

    out.backward(grad)
    for field, x in (("dq", q), ("dk", k), ("dv", v)):
        actual = x.grad.transpose(1, 2)  # [B, N, H, D]
        expected = torch.from_numpy(case[field]).to(dtype)
        largest = actual.abs().max().item()
        assert (actual[:, :256] - expected).abs().max() <= 5e-4 * expected.abs().max()
        total = torch.from_numpy(case[field + "sum"])
        assert (actual.double().sum((0, 1)) - total).abs().max() <= 5e-4 * largest
