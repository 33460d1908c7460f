import types

import pytest

from lh_eval.attention import operator, reference
from lh_eval.bench import run as module
from lh_eval.bench.agreement import Shape
from lh_eval.bench.run import run
from lh_eval.bench.table import Table, read_table
from lh_eval.errors import InputError

FORWARD = ["pool+score", "select", "gather", "attend", "scatter"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "operator.csv"


def test_every_case_is_a_row(make_plan, path):
    plan = make_plan(lengths=(64,), budgets=(8,))
    with Table(path) as table:
        finished = run(plan, table)
    assert finished.failed == 0
    frame = read_table(path)
    assert frame["provider"].tolist() == ["sdpa", "lighthouse-reference", "sdpa-on-S"] * 2
    assert frame["mode"].tolist() == ["fwd"] * 3 + ["fwd+bwd"] * 3
    assert [list(stages) for stages in frame["stages"][:3]] == [[], FORWARD, []]
    assert len(frame["stages"][4]) == 8
    assert (frame["ms"] > 0).all()
    assert frame["extra_bytes"].isna().all()
    assert frame["k"].isna().tolist() == frame["levels"].isna().tolist() == [True, False, False] * 2
    assert [bool(kernel) for kernel in finished.kernels] == [True, False, True] * 2


def test_sdpa_on_s_has_the_gathered_length_and_a_key_head_for_each_query_head(make_plan, monkeypatch, path):
    seen = []
    real = module.input_sets
    monkeypatch.setattr(module, "input_sets", lambda *args, **options: seen.append(args[1:]) or real(*args, **options))
    plan = make_plan(lengths=(512,), budgets=(8,), modes=("fwd",), providers=("sdpa", "sdpa-on-S"))
    with Table(path) as table:
        run(plan, table)
    assert seen == [(512, 1), (512 // 16 + 2 * 4 * 8, 2)]


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory"), MemoryError(), InputError("N must be less")])
def test_what_cannot_be_measured_is_told_and_the_rest_kept(make_plan, monkeypatch, path, capsys, error):
    real = module.contender

    def contender(case, plan, sets):
        if case.tokens == 128 and case.provider == "sdpa":
            raise error
        return real(case, plan, sets)

    monkeypatch.setattr(module, "contender", contender)
    with Table(path) as table:
        finished = run(make_plan(modes=("fwd",), budgets=(8,)), table)
    assert finished.failed == 1
    assert len(read_table(path)) == len(finished.rows) == 5
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert f"skipped sdpa fwd at N=128: {str(error) or 'MemoryError'}" in warnings[0]


def test_a_row_without_its_stages_is_kept(make_plan, monkeypatch, path, capsys):
    def stages(*arguments, **options):
        raise RuntimeError("no room")

    monkeypatch.setattr(module, "stages", stages)
    with Table(path) as table:
        finished = run(make_plan(lengths=(64,), budgets=(8,), modes=("fwd",)), table)
    assert finished.failed == 1
    assert len(read_table(path)) == 3
    assert "no stages of lighthouse-reference fwd at N=64, k=8: no room" in capsys.readouterr().err


def test_an_interruption_keeps_the_rows(make_plan, monkeypatch, path):
    real = module.contender

    def contender(case, plan, sets):
        if case.tokens == 128:
            raise KeyboardInterrupt
        return real(case, plan, sets)

    monkeypatch.setattr(module, "contender", contender)
    with pytest.raises(KeyboardInterrupt), Table(path) as table:
        run(make_plan(modes=("fwd",)), table)
    assert len(read_table(path)) == 5


@pytest.fixture
def kernels(monkeypatch):
    """A CPU that has the kernels: the reference under their name."""
    fake = types.SimpleNamespace(**vars(reference))
    real = operator._backend
    monkeypatch.setattr(operator, "_backend", lambda impl, *on: fake if impl == "triton" else real(impl, *on))
    monkeypatch.setattr("lh_eval.bench.plan.providers_on", lambda kind: ("lighthouse",))
    monkeypatch.setattr("lh_eval.bench.agreement.Shape", lambda *sizes: Shape(100, 2, 1, 16))
    return fake


def test_kernels_are_checked_and_timed(make_plan, kernels, path):
    with Table(path) as table:
        finished = run(make_plan(providers=("lighthouse",), lengths=(64,), budgets=(8,)), table)
    assert [row.provider for row in finished.rows] == ["lighthouse"] * 2
    assert len(finished.rows[1].stages) == 8


def test_wrong_kernels_are_not_timed(make_plan, kernels, path):
    kernels.select_entries = lambda *arguments: reference.select_entries(*arguments).flip(-1)
    with pytest.raises(InputError, match="nothing was timed"), Table(path) as table:
        run(make_plan(providers=("lighthouse",)), table)
    assert path.read_text().count("\n") == 1
