import pytest
import torch
from torch.autograd import gradcheck

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.reference.gather import invert
from lh_eval.kernels.reference.scatter import scatter


@pytest.mark.parametrize("tokens", [1, 2, 7, 13, 16])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_each_entry_reaches_the_positions_behind_its_window(tokens, dtype):
    layout = Layout(tokens, levels=3, factor=2, tiles=1, tile_k=2)
    generator = torch.Generator().manual_seed(tokens)
    indices = torch.randperm(layout.entries, generator=generator)[None, None, : max(1, layout.entries // 2)]
    out = torch.randn(1, 1, indices.shape[2], 3, generator=generator).to(dtype)

    expected = torch.zeros(tokens, 3, dtype=torch.float64)
    for slot, index in enumerate(indices[0, 0].tolist()):
        level = max(level for level in range(3) if layout.offsets[level] <= index)
        i, width = index - layout.offsets[level], 2**level
        for t in range(i * width + width - 1, i * width + 2 * width - 1):
            if t < tokens:
                expected[t] += out[0, 0, slot].double()
    actual = scatter(out, indices, invert(indices, layout.entries), layout)
    assert actual.dtype == dtype
    torch.testing.assert_close(actual[0, 0], expected.to(dtype))


def test_low_precision_is_accumulated_in_float32():
    # 256 + 1 + 1 is 256 if each sum is rounded to bfloat16, 258 if only the last one is
    layout = Layout(4, levels=3, factor=2, tiles=1, tile_k=2)
    indices = torch.tensor([[[3, layout.offsets[1] + 1, layout.offsets[2]]]])
    out = torch.tensor([256.0, 1.0, 1.0], dtype=torch.bfloat16).view(1, 1, 3, 1)
    assert scatter(out, indices, invert(indices, layout.entries), layout)[0, 0, 3, 0] == 258


def test_gradient():
    layout = Layout(11, levels=3, factor=2, tiles=1, tile_k=2)
    indices = torch.randperm(layout.entries, generator=torch.Generator().manual_seed(0))[None, None, :9]
    inverse = invert(indices, layout.entries)
    out = torch.randn(1, 1, 9, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda out: scatter(out, indices, inverse, layout), [out])
