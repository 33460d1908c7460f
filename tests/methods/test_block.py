import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from masked import inputs, masked_attention

from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.methods.block import Block, TopBlocks


def chosen(q, k, b, h, number, size, top):
    """The earlier blocks that a block of queries likes best, by loops."""
    r = q.shape[1] // k.shape[1]
    query = q[b, h, number * size : (number + 1) * size].mean(0)
    means = [k[b, h // r, block * size : (block + 1) * size].mean(0) for block in range(number)]
    order = sorted(range(number), key=lambda block: -float(query @ means[block]))
    return sorted(order[:top])


def seen(q, k, size, top):
    def places(b, h, query):
        blocks = [*chosen(q, k, b, h, query // size, size, top), query // size]
        return [place for block in blocks for place in range(block * size, (block + 1) * size) if place <= query]

    return places


@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 40))
def test_it_is_attention_to_the_blocks_with_the_likeliest_means(size, top, N):
    q, k, v = inputs(N=N)
    out, kept = TopBlocks(size, top).attend(q, k, v, None)
    torch.testing.assert_close(out, masked_attention(q, k, v, seen(q, k, size, top)))
    for h in range(4):
        assert [place for place in kept[1, h].tolist() if place < N] == seen(q, k, size, top)(1, h, N - 1)


def test_all_blocks_are_dense_attention():
    q, k, v = inputs()
    dense = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(TopBlocks(8, 5).attend(q, k, v, None)[0], dense)


def test_bad_options():
    with pytest.raises(InputError, match="top of method 'block' must be at least 1, got 0"):
        METHODS.build("block:top=0")


def test_what_figures_read():
    assert (Block(top=8).family(), Block(top=8).budget) == ("block", 8)
    assert Block(size=32, top=8).folder_name() == "block_size_32_top_8"
