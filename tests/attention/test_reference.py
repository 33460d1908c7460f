"""The reference against loops written from the definition, and what must hold of any selection."""

import itertools

import oracle
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import configs, tensors

from lh_eval import LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.scorers.norm import l2_norm


def _per_head(q, k, v):
    """numpy [N, D] rows of each query head with those of its key/value head."""
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            g = h // (q.shape[1] // k.shape[1])
            yield b, h, q[b, h].numpy(), k[b, g].numpy(), v[b, g].numpy()


def _scores(x):
    return l2_norm(torch.from_numpy(x)).numpy()


@settings(max_examples=100)
@given(
    config=configs(),
    tokens=st.integers(1, 200),
    heads=st.sampled_from([(1, 1), (2, 1), (4, 2)]),
    integers=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_selection_and_output_equal_the_loops(config, tokens, heads, integers, seed):
    q, k, v = tensors(seed, heads=heads[0], groups=heads[1], tokens=tokens, integers=integers)
    indices = select_entries(q, k, v, config)
    out = lighthouse_attention(q, k, v, config, scale=0.5)
    for b, h, q_head, k_head, v_head in _per_head(q, k, v):
        entries = oracle.gathered_entries(_scores(q_head), _scores(k_head), config)
        assert indices[b, h].tolist() == [oracle.flat_index(entry, tokens, config) for entry in entries]
        expected = oracle.attention(q_head, k_head, v_head, entries, config, scale=0.5)
        torch.testing.assert_close(out[b, h], torch.from_numpy(expected), rtol=1e-10, atol=1e-10)


@given(config=configs(), tokens=st.integers(1, 400), seed=st.integers(0, 2**32))
def test_every_entry_once_in_causal_order_and_of_the_stated_number(config, tokens, seed):
    q, k, v = tensors(seed, heads=2, tokens=tokens, dim=2)
    layout = config.layout(tokens)
    for row in select_entries(q, k, v, config)[0]:
        pairs = oracle.as_entries(row, tokens, config)
        assert len(pairs) == len(set(pairs)) == layout.gathered
        assert all(0 <= level < config.num_levels and i < layout.sizes[level] for level, i in pairs)
        # expanded is who has a child: it stands behind its last child, all others at their first token
        expanded = {(level + 1, i // config.pooling_factor) for level, i in pairs}
        width = [config.pooling_factor**level for level in range(config.num_levels)]
        keys = [
            (i + 1) * width[level] - 2.0**-level if (level, i) in expanded else i * width[level] for level, i in pairs
        ]
        assert all(a < b for a, b in itertools.pairwise(keys))


@given(config=configs(max_levels=3, selection="chunked"), scale=st.integers(1, 3), seed=st.integers(0, 2**32))
def test_closed_form_of_the_gathered_length(config, scale, seed):
    coarsest = config.k * scale
    tokens = coarsest * config.window
    assume(tokens <= 6000)
    q, k, v = tensors(seed, tokens=tokens, dim=1)
    expected = coarsest + (config.num_levels - 1) * config.pooling_factor * config.k
    assert config.layout(tokens).gathered == expected
    assert select_entries(q, k, v, config).shape == (1, 1, expected)


@given(config=configs(), tokens=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_contributions_per_position(config, tokens, seed):
    q, k, v = tensors(seed, tokens=tokens, dim=2)
    indices = select_entries(q, k, v, config)
    entries = [oracle.Entry(0, level, i) for level, i in oracle.as_entries(indices[0, 0], tokens, config)]
    counts = oracle.contributions(entries, tokens, config)
    hole = 0 if config.cover_prefix else config.window - 1
    assert max(counts) <= config.num_levels
    assert all(count >= 1 for count in counts[hole:])
    out = lighthouse_attention(q, k, v, config)[0, 0]
    for position, count in enumerate(counts[:hole]):
        assert count > 0 or (out[position] == 0).all()


def test_prefix_is_a_hole_unless_covered():
    q, k, v = tensors(0, tokens=256)
    k[:, :, 128:] *= 1e3  # nothing in the first tile half attracts the selection
    q[:, :, 128:] *= 1e3
    plain = LighthouseConfig(k=8, tile_k=8, selection="global")
    covered = LighthouseConfig(k=8, tile_k=8, selection="global", cover_prefix=True)
    assert (lighthouse_attention(q, k, v, plain)[:, :, :15] == 0).all()
    assert (lighthouse_attention(q, k, v, plain)[:, :, 15:].abs().amax(-1) > 0).all()
    assert (lighthouse_attention(q, k, v, covered).abs().amax(-1) > 0).all()
    assert set(range(15)) <= set(select_entries(q, k, v, covered)[0, 0].tolist())


@given(config=configs(), tokens=st.integers(1, 300))
def test_equal_scores_keep_the_lowest_indices(config, tokens):
    x = torch.ones(1, 1, tokens, 4)
    pairs = set(oracle.as_entries(select_entries(x, x, x, config)[0, 0], tokens, config))
    layout = config.layout(tokens)
    start = 0
    for size in layout.tile_sizes:  # in each tile, each level's gathered entries are the leftmost
        for level in reversed(range(config.num_levels)):
            p = config.pooling_factor ** (config.num_levels - 1 - level)
            inside = sorted(
                i for entry_level, i in pairs if entry_level == level and start * p <= i < (start + size) * p
            )
            assert inside == list(range(start * p, start * p + len(inside)))
        start += size


@given(config=configs(), tokens=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_grouped_heads_equal_repeated_heads(config, tokens, seed):
    q, k, v = tensors(seed, batch=2, heads=6, groups=2, tokens=tokens)
    repeated = [x.repeat_interleave(3, dim=1) for x in (k, v)]
    assert torch.equal(lighthouse_attention(q, k, v, config), lighthouse_attention(q, *repeated, config))


@given(config=configs(), tokens=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_padding_equals_explicit_padding(config, tokens, seed):
    q, k, v = tensors(seed, heads=2, tokens=tokens)
    whole = config.layout(tokens).padded
    wide = [torch.nn.functional.pad(x, (0, 0, 0, whole - tokens)) for x in (q, k, v)]
    assert torch.equal(select_entries(q, k, v, config), select_entries(*wide, config))
    assert torch.equal(lighthouse_attention(q, k, v, config), lighthouse_attention(*wide, config)[:, :, :tokens])


def test_batch_rows_do_not_meet():
    q, k, v = tensors(3, batch=3, heads=2, tokens=100)
    config = LighthouseConfig(k=8, tile_k=4)
    alone = [lighthouse_attention(*(x[row : row + 1] for x in (q, k, v)), config) for row in range(3)]
    assert torch.equal(lighthouse_attention(q, k, v, config), torch.cat(alone))


def test_one_tile_is_global_selection():
    q, k, v = tensors(4, heads=2, tokens=300)
    one_tile = LighthouseConfig(k=8, tile_k=8)
    everywhere = LighthouseConfig(k=8, tile_k=8, selection="global")
    assert torch.equal(select_entries(q, k, v, one_tile), select_entries(q, k, v, everywhere))
    chunked = LighthouseConfig(k=8, tile_k=2)
    assert not torch.equal(select_entries(q, k, v, chunked), select_entries(q, k, v, everywhere))


@pytest.mark.parametrize("tokens", [1, 16, 45, 160])
def test_large_k_rejects_nothing(tokens):
    q, k, v = tensors(5, tokens=tokens)
    config = LighthouseConfig(k=2048, tile_k=2048)
    layout = config.layout(tokens)
    assert layout.gathered == layout.entries
    assert select_entries(q, k, v, config)[0, 0].sort().values.tolist() == list(range(layout.entries))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_dtypes(dtype):
    q, k, v = (x / 4 for x in tensors(6, heads=4, groups=2, tokens=333, dtype=dtype))
    config = LighthouseConfig(k=16, tile_k=8)
    wide = [x.double() for x in (q, k, v)]
    out, exact = lighthouse_attention(q, k, v, config), lighthouse_attention(*wide, config)
    assert out.dtype == dtype
    assert torch.equal(select_entries(q, k, v, config), select_entries(*wide, config))
    # L contributions a position, each rounded a few times
    bound = 16 * torch.finfo(dtype).eps * v.abs().max().double()
    assert (out.double() - exact).abs().max() <= bound


def test_inputs_may_have_any_strides():
    q, k, v = tensors(7, heads=2, tokens=90)
    config = LighthouseConfig(k=8, tile_k=4)
    strided = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in (q, k, v)]
    torch.testing.assert_close(lighthouse_attention(*strided, config), lighthouse_attention(q, k, v, config))
