import pytest
import torch

from lh_eval import lighthouse_attention
from lh_eval.bench import providers
from lh_eval.bench.inputs import input_sets
from lh_eval.bench.providers import calls, contender, fastest_dense
from lh_eval.bench.workload import Case


def test_the_reference_is_what_its_name_says(make_workload):
    workload = make_workload()
    sets = input_sets(workload, 64, 1, backward=True)
    found = contender(Case("lighthouse-reference", "fwd+bwd", 64, 8), workload, sets)
    out, *grads = calls(found.forward, sets)[0]()
    expected = lighthouse_attention(*sets[0][:3], workload.config(8), impl="reference")
    assert torch.equal(out, expected)
    wanted = torch.autograd.grad(expected, sets[0][:3], sets[0].grad)
    assert all(map(torch.equal, grads, wanted))


def test_forward_alone_builds_no_graph(make_workload):
    workload = make_workload()
    sets = input_sets(workload, 64, 1, backward=False)
    (out,) = calls(contender(Case("sdpa", "fwd", 64, None), workload, sets).forward, sets)[0]()
    assert not out.requires_grad


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_dense_is_causal_attention(make_workload, kv_heads):
    sets = input_sets(make_workload(), 64, kv_heads, backward=False)
    found = fastest_dense(sets, torch.device("cpu"))
    q, k, v, _ = sets[0]
    expected = torch.nn.functional.scaled_dot_product_attention(
        q, k.repeat_interleave(2 // kv_heads, 1), v.repeat_interleave(2 // kv_heads, 1), is_causal=True
    )
    torch.testing.assert_close(found.forward(q, k, v), expected)
    assert found.kernel.split(",")[0] in ("flash", "math")


@pytest.fixture
def four(monkeypatch):
    """Pretend that these four dense attentions can be tried, each with a time or an error."""

    def install(*results):
        contenders = [providers.Contender(lambda q, k, v: q, name) for name in "abcd"[: len(results)]]
        iterator = iter(results)

        def pretend(ready, device, pace):
            result = next(iterator)
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(providers, "_dense", lambda inputs: contenders)
        monkeypatch.setattr(providers, "median_ms", pretend)

    return install


def test_the_fastest_that_runs_is_taken(make_workload, four):
    four(RuntimeError("no"), 3.0, 2.0, torch.OutOfMemoryError("full"))
    sets = input_sets(make_workload(), 64, 2, backward=False)
    assert fastest_dense(sets, torch.device("cpu")).kernel == "c"


def test_the_only_one_is_not_tried(make_workload, four):
    four(RuntimeError("tried"))
    sets = input_sets(make_workload(), 64, 2, backward=False)
    assert fastest_dense(sets, torch.device("cpu")).kernel == "a"


def test_where_nothing_runs_the_reason_is_said(make_workload, four):
    four(RuntimeError("no kernel"), RuntimeError("no room"))
    with pytest.raises(RuntimeError, match="no dense attention of torch runs this: no room"):
        fastest_dense(input_sets(make_workload(), 64, 2, backward=False), torch.device("cpu"))


def test_scores_that_would_fill_the_memory_are_not_made(make_workload, monkeypatch):
    monkeypatch.setattr(providers, "_SCORES", 4 * 2 * 64 * 64 - 1)
    sets = input_sets(make_workload(), 64, 2, backward=False)
    assert "math" not in [found.kernel for found in providers._dense(sets[0])]


def test_dense_kernels_are_tried_on_the_start_of_long_inputs(make_workload, monkeypatch):
    monkeypatch.setattr(providers, "_LONGEST_PROBE", 16)
    tried = []
    monkeypatch.setattr(providers, "_sdpa", lambda q, k, v, grouped: tried.append(q.shape[2]) or q * 1.0)
    workload = make_workload()
    found = providers.fastest_dense(input_sets(workload, 64, workload.kv_heads, backward=False), workload.device)
    assert set(tried) == {16}
    assert found.kernel in ("flash", "math")
