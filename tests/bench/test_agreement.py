"""Kernels that are wrong on purpose, in place of the Triton backend."""

import functools
import types

import pytest
import torch

from lh_eval.attention import fused, operator, reference
from lh_eval.bench import agreement
from lh_eval.bench.agreement import Shape, check_kernels
from lh_eval.errors import InputError
from lh_eval.scorers.base import Scores
from lh_eval.scorers.gla import GatedLinear


@pytest.fixture(autouse=True)
def small_shapes(monkeypatch):
    monkeypatch.setattr(agreement, "Shape", lambda tokens, heads, kv_heads, k: Shape(tokens // 8, heads, kv_heads, 16))


@pytest.fixture
def backend(monkeypatch):
    """Stand in for the Triton backend: the reference, with what is given replaced."""

    def install(**functions):
        fake = types.SimpleNamespace(attend=reference.attend, select_entries=reference.select_entries)
        vars(fake).update(functions)
        real = operator._backend
        monkeypatch.setattr(operator, "_backend", lambda impl, *on: fake if impl == "triton" else real(impl, *on))

    return install


def changed(change):
    """The reference with its output changed."""

    def attend(q, k, v, config, scale, rotary):
        out, indices = reference.attend(q, k, v, config, scale)
        return change(out), indices

    return attend


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_reference_agrees_with_itself(make_workload, backend, dtype):
    backend()
    check_kernels(make_workload(dtype=dtype))


def test_one_other_entry_is_refused(make_workload, backend):
    def select_entries(*arguments):
        indices = reference.select_entries(*arguments).clone()
        indices[0, 0, 0] += 1
        return indices

    backend(select_entries=select_entries)
    with pytest.raises(InputError, match=r"kernels must select the reference's \d+ entries .*, got 1 others; nothing"):
        check_kernels(make_workload())


def test_another_number_of_entries_is_refused(make_workload, backend):
    backend(select_entries=lambda *arguments: reference.select_entries(*arguments)[..., 1:])
    with pytest.raises(InputError, match="got another number"):
        check_kernels(make_workload())


@pytest.mark.parametrize(
    "change", [lambda out: out * 1.00001, lambda out: out.index_fill(2, out.new_tensor([5]).long(), float("nan"))]
)
def test_a_wrong_output_is_refused(make_workload, backend, change):
    backend(attend=changed(change))
    with pytest.raises(InputError, match="kernels must give the output with an error of at most"):
        check_kernels(make_workload())


@pytest.mark.parametrize("name", ["q", "k", "v"])
def test_a_wrong_gradient_is_refused(make_workload, backend, name):
    def attend(q, k, v, config, scale, rotary):
        inputs = {"q": q, "k": k, "v": v}
        x = inputs[name]
        inputs[name] = x.detach() + 0.99 * (x - x.detach())
        return reference.attend(*inputs.values(), config, scale)

    backend(attend=attend)
    with pytest.raises(InputError, match=f"kernels must give the gradient of {name} with"):
        check_kernels(make_workload())


def test_nothing_runs_without_kernels(make_workload, monkeypatch):
    def refuse(impl, *_):
        raise InputError("impl must be reference here, got 'triton'")

    monkeypatch.setattr(operator, "_backend", refuse)
    with pytest.raises(InputError, match="impl must be"):
        check_kernels(make_workload())


def _score_by(monkeypatch, change):
    """Let the kernel of a scorer that rounds give the scorer's own scores, changed."""

    def form(scorer, means, q, k, v, *, scale):
        return Scores(*(change(x) for x in scorer(q, k, v, scale=scale)))

    monkeypatch.setitem(fused._FORMS, GatedLinear, form)
    return lambda q, k, v, config, scale, rotary=None: reference.select_scored(
        fused.fused_scorer(config.token_scorer)(q, k, v, scale=scale), config, q.shape[1]
    )


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x * (1 + 0.003 * torch.rand(x.shape))])
def test_scores_may_round(make_workload, backend, monkeypatch, change):
    torch.manual_seed(0)
    rounded = functools.lru_cache(lambda shape: change(torch.ones(shape)))
    select_entries = _score_by(monkeypatch, lambda x: x * rounded(x.shape))

    def attend(q, k, v, config, scale, rotary=None):
        indices = select_entries(q, k, v, config, scale)
        return reference.attend_selected(q, k, v, indices, config, scale), indices

    backend(select_entries=select_entries, attend=attend)
    check_kernels(make_workload(dtype=torch.bfloat16, scorer="gla"))


def test_scores_that_are_wrong_are_refused(make_workload, backend, monkeypatch):
    backend(select_entries=_score_by(monkeypatch, lambda x: x * 1.1))
    with pytest.raises(InputError, match=r"kernels must give query scores with an error of at most 0\.00781 at N="):
        check_kernels(make_workload(dtype=torch.bfloat16, scorer="gla"))
