import torch

from lh_eval.kernels.layout import Layout
from lh_eval.kernels.max_pyramid import max_pyramid


def test_maximum_of_every_window():
    layout = Layout(tokens=13, levels=3, factor=2, tiles=1, tile_k=2)  # padded to 16: 16 + 8 + 4 entries
    scores = torch.randn(2, 3, 13) - 5  # below zero: the padding's zeros would win
    expected = []
    for level in range(3):
        for start in range(0, 16, 2**level):
            window = scores[:, :, start : start + 2**level]
            expected.append(window.amax(2) if window.shape[2] else torch.full((2, 3), -torch.inf))
    assert torch.equal(max_pyramid(scores, layout), torch.stack(expected, dim=2))
