import types

import pytest

from lh_eval.attention import operator, reference
from lh_eval.bench import run as module
from lh_eval.bench.agreement import Shape
from lh_eval.bench.run import run
from lh_eval.errors import InputError
from lh_eval.store.measurements import MeasurementFile, read_measurements

FORWARD = ["pool+score", "select", "gather", "attend", "scatter"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "operator.csv"


def test_every_case_is_a_row(make_workload, path):
    workload = make_workload(lengths=(64,), budgets=(8,))
    with MeasurementFile(path) as table:
        measured = run(workload, table)
    assert measured.failed == 0
    frame = read_measurements(path)
    assert frame["provider"].tolist() == ["sdpa", "lighthouse-reference", "sdpa-on-S"] * 2
    assert frame["mode"].tolist() == ["fwd"] * 3 + ["fwd+bwd"] * 3
    assert [list(stages) for stages in frame["stages"][:3]] == [[], FORWARD, []]
    assert len(frame["stages"][4]) == 8
    assert (frame["ms"] > 0).all()
    assert frame["extra_bytes"].isna().all()
    assert frame["k"].isna().tolist() == frame["levels"].isna().tolist() == [True, False, False] * 2
    assert frame["kernel"].astype(bool).tolist() == [True, False, True] * 2
    assert frame["scorer"].fillna("").tolist() == ["", "norm", ""] * 2
    assert frame["selection"].fillna("").tolist() == ["", "chunked", "chunked"] * 2


def test_rows_say_how_entries_were_scored_and_selected(make_workload, path):
    given = {"scorer": "qk:dilation=4,", "selection": "global", "lengths": (64,), "budgets": (8,), "modes": ("fwd",)}
    with MeasurementFile(path) as table:
        run(make_workload(**given), table)
        run(make_workload(**given | {"scorer": "qk:dilation=2", "selection": "chunked", "tile_k": 4}), table)
    frame = read_measurements(path)
    rows = frame[frame["provider"] == "lighthouse-reference"]
    assert rows["scorer"].tolist() == ["qk", "qk:dilation=2"]
    assert rows["selection"].tolist() == ["global", "chunked"]
    assert rows["tile_k"].fillna(-1).tolist() == [-1, 4]


def test_sdpa_on_s_has_the_gathered_length_and_a_key_head_for_each_query_head(make_workload, monkeypatch, path):
    seen = []
    real = module.input_sets
    monkeypatch.setattr(module, "input_sets", lambda *args, **options: seen.append(args[1:]) or real(*args, **options))
    workload = make_workload(lengths=(512,), budgets=(8,), modes=("fwd",), providers=("sdpa", "sdpa-on-S"))
    with MeasurementFile(path) as table:
        run(workload, table)
    assert seen == [(512, 1), (512 // 16 + 2 * 4 * 8, 2)]


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory"), MemoryError(), InputError("N must be less")])
def test_what_cannot_be_measured_is_told_and_the_rest_kept(make_workload, monkeypatch, path, capsys, error):
    real = module.contender

    def contender(case, workload, sets):
        if case.tokens == 128 and case.provider == "sdpa":
            raise error
        return real(case, workload, sets)

    monkeypatch.setattr(module, "contender", contender)
    with MeasurementFile(path) as table:
        measured = run(make_workload(modes=("fwd",), budgets=(8,)), table)
    assert measured.failed == 1
    assert len(read_measurements(path)) == len(measured.measurements) == 5
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert f"skipped sdpa fwd at N=128: {str(error) or 'MemoryError'}" in warnings[0]


def test_a_row_without_its_stages_is_kept(make_workload, monkeypatch, path, capsys):
    def stages(*arguments, **options):
        raise RuntimeError("no room")

    monkeypatch.setattr(module, "stages", stages)
    with MeasurementFile(path) as table:
        measured = run(make_workload(lengths=(64,), budgets=(8,), modes=("fwd",)), table)
    assert measured.failed == 1
    assert len(read_measurements(path)) == 3
    assert "no stages of lighthouse-reference fwd at N=64, k=8: no room" in capsys.readouterr().err


def test_an_interruption_keeps_the_rows(make_workload, monkeypatch, path):
    real = module.contender

    def contender(case, workload, sets):
        if case.tokens == 128:
            raise KeyboardInterrupt
        return real(case, workload, sets)

    monkeypatch.setattr(module, "contender", contender)
    with pytest.raises(KeyboardInterrupt), MeasurementFile(path) as table:
        run(make_workload(modes=("fwd",)), table)
    assert len(read_measurements(path)) == 5


@pytest.fixture
def kernels(monkeypatch):
    """A CPU that has the kernels: the reference under their name."""
    fake = types.SimpleNamespace(**vars(reference))
    real = operator._backend
    monkeypatch.setattr(operator, "_backend", lambda impl, *on: fake if impl == "triton" else real(impl, *on))
    monkeypatch.setattr("lh_eval.bench.workload.providers_on", lambda kind: ("lighthouse",))
    monkeypatch.setattr("lh_eval.bench.agreement.Shape", lambda *sizes: Shape(100, 2, 1, 16))
    return fake


def test_kernels_are_checked_and_timed(make_workload, kernels, path):
    with MeasurementFile(path) as table:
        measured = run(make_workload(providers=("lighthouse",), lengths=(64,), budgets=(8,)), table)
    assert [row.provider for row in measured.measurements] == ["lighthouse"] * 2
    assert len(measured.measurements[1].stages) == 8


def test_wrong_kernels_are_not_timed(make_workload, kernels, path):
    kernels.select_entries = lambda *arguments: reference.select_entries(*arguments).flip(-1)
    with pytest.raises(InputError, match="nothing was timed"), MeasurementFile(path) as table:
        run(make_workload(providers=("lighthouse",)), table)
    assert path.read_text().count("\n") == 1
