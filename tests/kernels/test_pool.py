import pytest
import torch
from torch.autograd import gradcheck

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.pool import mean_pyramid

LAYOUT = Layout(tokens=13, levels=3, factor=2, tiles=1, tile_k=2)  # padded to 16: 16 + 8 + 4 entries


def _windows(tokens):
    for level in range(3):
        for i in range(16 // 2**level):
            yield [t for t in range(i * 2**level, (i + 1) * 2**level) if t < tokens], 2**level


def test_mean_of_every_window():
    x = torch.randn(2, 3, 13, 5, dtype=torch.float64)
    expected = torch.stack([x[:, :, window].sum(2) / width for window, width in _windows(13)], dim=2)
    torch.testing.assert_close(mean_pyramid(x, LAYOUT), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_means_are_taken_in_float32(dtype):
    x = torch.randn(1, 1, 13, 5).to(dtype)
    assert torch.equal(mean_pyramid(x, LAYOUT), mean_pyramid(x.float(), LAYOUT).to(dtype))


def test_gradient_of_mean():
    x = torch.randn(1, 2, 13, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: mean_pyramid(x, LAYOUT), [x])
