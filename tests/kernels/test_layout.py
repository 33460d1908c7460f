import itertools

from hypothesis import given
from hypothesis import strategies as st

from lh_eval.kernels.layout import Layout

layouts = st.builds(
    Layout,
    tokens=st.integers(1, 10**7),
    levels=st.integers(2, 5),
    factor=st.sampled_from([2, 4, 8]),
    tiles=st.integers(1, 64),
    tile_k=st.sampled_from([2, 64, 128]),
)


@given(layouts)
def test_levels_cover_the_padded_sequence(layout):
    window = layout.factor ** (layout.levels - 1)
    assert layout.tokens <= layout.padded < layout.tokens + window
    for level, size in enumerate(layout.sizes):
        assert size * layout.factor**level == layout.padded
    assert layout.offsets == tuple(sum(layout.sizes[:level]) for level in range(layout.levels))
    assert layout.entries == layout.offsets[-1] + layout.sizes[-1]


@given(layouts)
def test_tiles_and_candidates(layout):
    assert sum(layout.tile_sizes) == layout.sizes[-1]
    assert len(layout.tile_sizes) == layout.tiles
    assert sorted(layout.tile_sizes, reverse=True) == list(layout.tile_sizes)
    assert max(layout.tile_sizes) - min(layout.tile_sizes) <= 1
    tiles = [layout.candidates(size) for size in layout.tile_sizes]
    for size, counts in zip(layout.tile_sizes, tiles, strict=True):
        assert counts[-1] == size
        for finer, coarser in itertools.pairwise(counts):
            assert finer == layout.factor * min(layout.tile_k, coarser)
    assert all(sum(counts[level] for counts in tiles) <= size for level, size in enumerate(layout.sizes))
    assert layout.gathered == sum(map(sum, tiles)) <= layout.entries


def test_the_papers_sizes():
    assert Layout(512 * 1024, 3, 4, 16, 128).gathered == 49_152
    assert Layout(128 * 1024, 3, 4, 16, 128).gathered == 24_576
    assert Layout(1024 * 1024, 3, 4, 32, 128).gathered == 98_304
