import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from lh_eval.kernels.reference.gather import invert, take


@st.composite
def index_maps(draw):
    """Entries, and [1, 2, S] of them, each at most once."""
    entries = draw(st.integers(1, 12))
    size = draw(st.integers(1, entries))
    rows = [draw(st.permutations(range(entries)))[:size] for _ in range(2)]
    return entries, torch.tensor([rows])


@given(index_maps())
def test_inverse_map(case):
    entries, indices = case
    inverse = invert(indices, entries)
    for head in range(2):
        row = indices[0, head].tolist()
        assert inverse[0, head].tolist() == [row.index(i) if i in row else -1 for i in range(entries)]


@given(index_maps())
def test_rows_and_gradients_both_ways(case):
    entries, indices = case
    inverse = invert(indices, entries)
    x = torch.randn(1, 2, entries, 3, dtype=torch.float64, requires_grad=True)
    rows = take(x, indices, inverse)
    for head in range(2):
        assert torch.equal(rows[0, head], x[0, head][indices[0, head]])
    back = take(rows, inverse, indices)
    assert torch.equal(back, x.masked_fill((inverse < 0)[..., None], 0))
    back.sum().backward()
    assert torch.equal(x.grad, (inverse >= 0).double()[..., None].expand_as(x))


def test_gradients_by_finite_differences():
    indices = torch.tensor([[[3, 0, 4]]])
    inverse = invert(indices, 6)
    x = torch.randn(1, 1, 6, 2, dtype=torch.float64, requires_grad=True)
    y = torch.randn(1, 1, 3, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: take(x, indices, inverse), [x])
    assert gradcheck(lambda y: take(y, inverse, indices), [y])
    assert gradgradcheck(lambda x: take(x, indices, inverse).square(), [x])
