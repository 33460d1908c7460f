import oracle
from strategies import tensors

from lh_eval import LighthouseConfig, select_entries


def test_the_last_tokens_are_kept():
    q, k, v = tensors(0, batch=2, heads=4, groups=2, tokens=512)
    config = LighthouseConfig(k=8, tile_k=8, scorer="recency")
    for row in select_entries(q, k, v, config).flatten(0, 1):
        base = sorted(i for level, i in oracle.as_entries(row, 512, config) if level == 0)
        assert base == list(range(512 - 8 * 4, 512))
