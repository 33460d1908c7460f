import numpy as np
import oracle
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import configs

from lh_eval.kernels.max_pyramid import max_pyramid
from lh_eval.kernels.reference.select import pack, select

# few distinct values: ties everywhere, between zeros of both signs too
values = st.sampled_from([-1.5, -0.0, 0.0, 1.0, 2.0, -3e38, 1e-45])


@given(st.lists(st.floats(width=32, allow_nan=False) | values, min_size=1, max_size=40))
def test_pack_orders_by_score_then_index(scores):
    packed = pack(torch.tensor(scores, dtype=torch.float32)).tolist()
    expected = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    assert sorted(range(len(scores)), key=lambda i: -packed[i]) == expected
    assert len(set(packed)) == len(scores)


@given(config=configs(), data=st.data())
def test_any_scores(config, data):
    tokens = data.draw(st.integers(1, 150))
    scores = st.lists(values, min_size=tokens, max_size=tokens).map(lambda row: np.array(row, dtype=np.float32))
    query, key = data.draw(scores), data.draw(scores)
    layout = config.layout(tokens)
    pyramids = [max_pyramid(torch.from_numpy(x)[None, None], layout) for x in (query, key)]
    indices = select(*pyramids, layout, forced=config.window - 1 if config.cover_prefix else 0)
    entries = oracle.gathered_entries(query, key, config)
    assert indices[0, 0].tolist() == [oracle.flat_index(entry, tokens, config) for entry in entries]


@given(config=configs(cover_prefix=False), tokens=st.integers(1, 300), forced=st.integers(1, 20))
def test_forced_tokens_are_gathered(config, tokens, forced):
    assume(forced <= config.entries_per_tile)  # their ancestors fit at every level
    layout = config.layout(tokens)
    assume(forced <= layout.tile_sizes[0] * config.window)
    rising = max_pyramid(torch.arange(tokens, dtype=torch.float32).expand(1, 2, -1), layout)  # the start scores lowest
    for row in select(rising, rising, layout, forced=forced)[0]:
        assert set(range(forced)) <= set(row.tolist())
