import pytest

from lh_eval import InputError
from lh_eval.analysis.settings import setting_cells
from lh_eval.analysis.timing import timed_by_bench, timed_by_rows
from lh_eval.store.measurements import MeasurementFile
from lh_eval.store.run import read_run


@pytest.fixture
def cells(make_run):
    runs = {"dense": read_run(make_run("dense"))}
    for scorer in ("norm", "qk"):
        path = make_run(
            f"{scorer}-k512", attention={"k": 512, "scorer": scorer}, score=lambda length, *_: length == 1024
        )
        runs[f"{scorer}-k512"] = read_run(path)
    return setting_cells(runs)


@pytest.fixture
def make_bench(tmp_path, make_measurement):
    def make(name, *rows):
        with MeasurementFile(tmp_path / name) as file:
            for provider, mode, length, k, ms, *scorer in rows:
                changes = {"scorer": scorer[0]} if scorer else {}
                file.append(make_measurement(provider, mode, length, k, ms, **changes))
        return tmp_path / name

    return make


def test_rows_give_seconds_at_the_longest_common_length(cells):
    timed = timed_by_rows(cells)
    assert (timed.length, timed.label, timed.left_out) == (2048, "milliseconds per sample", [])
    assert timed.points["time"].tolist() == [250] * 3
    slower = timed_by_rows(cells.assign(seconds=8 * cells["seconds"]))
    assert (slower.label, slower.points["time"].tolist()) == ("seconds per sample", [2] * 3)
    assert timed.points["rate"].tolist() == [1, 0, 0]
    assert timed.points["ci_high"].tolist()[1] == pytest.approx(0.49, abs=0.01)  # Wilson at 0 of 4
    shorter = cells[(cells["setting"] != "dense") | (cells["length"] == 1024)]
    assert timed_by_rows(shorter).length == 1024


def test_a_file_gives_the_newest_forward_time_of_each_scorer(cells, make_bench):
    norm = make_bench(
        "norm.csv",
        ("lighthouse", "fwd", 2048, 512, 9.0),
        ("sdpa", "fwd", 2048, None, 3.0),
        ("lighthouse", "fwd", 2048, 512, 1.0),
        ("lighthouse", "fwd+bwd", 2048, 512, 5.0),
        ("lighthouse", "fwd", 4096, 512, 7.0),
    )
    timed = timed_by_bench(cells, [norm])
    known = timed.points.dropna(subset=["time"])[["setting", "time", "rate"]]
    assert known.to_numpy().tolist() == [["dense", 3.0, 1], ["norm k=512", 1.0, 0]]
    assert timed.points["rate"].notna().all()
    assert timed.left_out == ["qk k=512"]
    assert "card, float32" in timed.source
    qk = ("lighthouse-reference", "fwd", 2048, 512, 2.0, "qk")
    for files in ([norm, make_bench("qk.csv", qk)], [make_bench("norm.csv", qk)]):
        assert timed_by_bench(cells, files).points["time"].tolist() == [3.0, 1.0, 2.0]


def test_no_time_of_the_runs_is_refused_with_what_there_is(cells, make_bench):
    table = make_bench("norm.csv", ("lighthouse", "fwd", 4096, 512, 7.0), ("sdpa", "fwd", 2048, None, 1.0))
    with pytest.raises(InputError, match="got 4K with k=512; run lh-eval bench there"):
        timed_by_bench(cells, [table])
