import pytest
import torch
from strategies import tensors

from lh_eval import InputError
from lh_eval.scorers.base import SCORERS


def _scores(spec, *qkv):
    return torch.stack(SCORERS.build(spec)(*qkv, scale=1.0))


def test_same_seed_same_scores():
    qkv = tensors(0, heads=4, groups=2, tokens=50)
    assert torch.equal(_scores("random", *qkv), _scores("random:seed=0", *qkv))


@pytest.mark.parametrize("seed", [1, 2, 3, 2**40, -1])
def test_seeds_are_unrelated(seed):
    qkv = tensors(0, tokens=4000)
    a, b = _scores("random", *qkv), _scores(f"random:seed={seed}", *qkv)
    both = torch.stack([a[0, 0, 0], a[1, 0, 0], b[0, 0, 0], b[1, 0, 0]])
    correlation = both.corrcoef() - torch.eye(4)
    assert correlation.abs().max() < 0.08  # five standard deviations of independent samples


def test_a_row_scores_alike_alone_and_in_a_batch():
    q, k, v = tensors(1, batch=3, heads=4, groups=2, tokens=50)
    together = _scores("random", q, k, v)
    for row in range(3):
        alone = _scores("random", *(x[row : row + 1] for x in (q, k, v)))
        assert torch.equal(together[:, row], alone[:, 0])


def test_heads_samples_and_layers_draw_differently():
    q, k, v = tensors(2, batch=2, heads=2, groups=1, tokens=200)
    scores = _scores("random", q, k, v)
    assert (scores[:, 0] != scores[:, 1]).float().mean() > 0.99
    assert (scores[:, :, 0] != scores[:, :, 1]).float().mean() > 0.99


def test_rounding_does_not_change_scores():
    q, k, v = tensors(3, tokens=100)
    assert torch.equal(_scores("random", q, k, v), _scores("random", q.bfloat16(), k.bfloat16(), v.bfloat16()))


def test_uniform():
    q, k, v = tensors(4, heads=2, tokens=10_000, dim=16)
    scores = _scores("random", q, k, v).flatten()
    assert scores.dtype == torch.float32
    assert 0 <= scores.min() < 0.001 < 0.999 < scores.max() < 1
    counts = scores.histc(20, 0, 1)
    assert ((counts - 2000).square() / 2000).sum() < 50  # chi-square, 19 degrees of freedom


@pytest.mark.parametrize("seed", ["x", "1.5", ""])
def test_seed_must_be_an_integer(seed):
    with pytest.raises(InputError, match=r"option seed of scorer 'random:seed=.*' must be int"):
        SCORERS.build(f"random:seed={seed}")
