import pytest
import torch

from lh_eval.bench.workload import PROVIDERS, Case, providers_on
from lh_eval.errors import InputError


def test_cases_that_are_compared_follow_one_another(make_workload):
    cases = list(make_workload(lengths=(64,), modes=("fwd",)).cases())
    assert cases == [
        Case("sdpa", "fwd", 64, None),
        Case("lighthouse-reference", "fwd", 64, 8),
        Case("sdpa-on-S", "fwd", 64, 8),
        Case("lighthouse-reference", "fwd", 64, 16),
        Case("sdpa-on-S", "fwd", 64, 16),
    ]
    assert str(cases[1]) == "lighthouse-reference fwd at N=64, k=8"


def test_gathered_length(make_workload):
    workload = make_workload()
    assert workload.gathered(Case("sdpa-on-S", "fwd", 1024, 16)) == 1024 // 16 + 2 * 4 * 16


def test_kernels_need_a_gpu():
    assert PROVIDERS == ("lighthouse", "lighthouse-reference", "sdpa", "sdpa-on-S")
    assert providers_on("cuda") == PROVIDERS
    assert "lighthouse" not in providers_on("cpu")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"providers": ("sdap",)}, "did you mean 'sdpa'"),
        ({"providers": ("lighthouse",)}, "need a CUDA GPU"),
        ({"modes": ("bwd",)}, "mode must be one of fwd, fwd\\+bwd, got 'bwd'"),
        ({"kv_heads": 3}, "kv-heads must divide heads = 2, got 3"),
        ({"budgets": (7,)}, "k must be even"),
        ({"levels": 1}, "num_levels must be from 2"),
        ({"scorer": "nrom"}, "did you mean 'norm'"),
    ],
)
def test_bad_plans(make_workload, values, message):
    with pytest.raises(InputError, match=message):
        make_workload(**values)


def test_a_gpu_takes_the_kernels(make_workload):
    assert make_workload(device=torch.device("cuda"), providers=("lighthouse",)).providers == ("lighthouse",)
