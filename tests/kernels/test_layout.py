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
    for finer, coarser in zip(layout.candidates, layout.candidates[1:], strict=False):
        assert finer == tuple(layout.factor * min(layout.tile_k, count) for count in coarser)
    assert all(sum(row) <= size for row, size in zip(layout.candidates, layout.sizes, strict=True))
    assert layout.gathered == sum(map(sum, layout.candidates)) <= layout.entries


def test_the_papers_sizes():
    assert Layout(512 * 1024, 3, 4, 16, 128).gathered == 49_152
    assert Layout(128 * 1024, 3, 4, 16, 128).gathered == 24_576
    assert Layout(1024 * 1024, 3, 4, 32, 128).gathered == 98_304
