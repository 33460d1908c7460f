import pytest
import torch

from lh_eval.bench.inputs import input_sets, make_inputs

ARGUMENTS = {"dtype": torch.float32, "device": torch.device("cpu")}


def test_shapes_and_gradients():
    q, k, v, grad = make_inputs(2, 4, 2, 16, 8, backward=True, seed=0, **ARGUMENTS)
    assert q.shape == grad.shape == (2, 4, 16, 8)
    assert k.shape == v.shape == (2, 2, 16, 8)
    assert all(x.is_contiguous() and x.is_leaf and x.requires_grad for x in (q, k, v))
    assert not grad.requires_grad
    forward = make_inputs(2, 4, 2, 16, 8, backward=False, seed=0, **ARGUMENTS)
    assert forward.grad is None
    assert not forward.q.requires_grad


def test_the_seed_decides():
    first, again, other = (make_inputs(1, 1, 1, 16, 8, backward=False, seed=seed, **ARGUMENTS) for seed in (0, 0, 1))
    assert torch.equal(first.k, again.k)
    assert not torch.equal(first.k, other.k)


def test_tokens_differ_in_size():
    norms = make_inputs(1, 1, 1, 4096, 64, backward=False, seed=0, **ARGUMENTS).q.norm(dim=-1)
    assert norms.log().std().item() == pytest.approx(0.5, abs=0.05)


def test_sets_differ(make_workload):
    sets = input_sets(make_workload(), 32, 1, backward=False)
    assert len(sets) == 3
    assert not torch.equal(sets[0].q, sets[1].q)
