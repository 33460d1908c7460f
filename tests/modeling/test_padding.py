import pytest
import torch

from lh_eval import InputError
from lh_eval.modeling.padding import real_spans


def _mask(*real):
    """[B, 1, N, N]: causal, and only among the positions marked 1."""
    rows = torch.tensor([[int(mark) for mark in row] for row in real], dtype=torch.bool)
    causal = torch.ones(rows.shape[1], rows.shape[1], dtype=torch.bool).tril()
    return (causal & rows[:, None, :] & rows[:, :, None])[:, None]


def _additive(mask):
    return torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)


@pytest.mark.parametrize("form", [lambda mask: mask, _additive], ids=["bool", "additive"])
def test_spans(form):
    assert real_spans(form(_mask("11111", "00111", "11100", "01100", "00001"))) == [
        (0, 5),
        (2, 5),
        (0, 3),
        (1, 3),
        (4, 5),
    ]


def test_padded_queries_may_see_anything():
    mask = _mask("00111", "11100")
    mask[0, 0, :2] = mask[0, 0, 4].clone()
    mask[1, 0, 3:] = mask[1, 0, 2].clone()
    assert real_spans(mask) == [(2, 5), (0, 3)]


@pytest.mark.parametrize(
    "mask",
    [
        _mask("11011"),  # a gap
        _mask("00000"),
        _mask("11111") & torch.block_diag(torch.ones(2, 2), torch.ones(3, 3)).bool(),  # packed
        torch.ones(1, 1, 5, 5, dtype=torch.bool),  # not causal
        torch.ones(1, 1, 5, 5, dtype=torch.bool).tril().triu(-2),  # a sliding window
    ],
)
def test_other_masks_are_refused(mask):
    with pytest.raises(InputError, match="attention mask must be causal over one run of real tokens a row"):
        real_spans(mask)


@pytest.mark.parametrize("shape", [(5, 5), (1, 2, 5, 5), (1, 1, 5, 6)])
def test_shape(shape):
    with pytest.raises(InputError, match=r"attention mask must be \[B, 1, N, N\]"):
        real_spans(torch.ones(shape, dtype=torch.bool))
