import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval import InputError
from lh_eval.analysis.cells import CELL_COLUMNS, cells, metrics
from lh_eval.statistics import wilson
from lh_eval.store.rows import to_frame


def test_a_cell_counts_hits_of_samples_without_error(make_row):
    rows = [make_row(trial=0), make_row(trial=1, score=0.0), make_row(trial=2), make_row(trial=3, error="broken")]
    table = cells(to_frame(rows))
    assert list(table.columns) == CELL_COLUMNS
    (cell,) = table.to_dict(orient="records")
    assert (cell["length"], cell["depth"], cell["n"], cell["hits"], cell["rate"]) == (4096, 50.0, 3, 2, 2 / 3)
    assert (cell["ci_low"], cell["ci_high"]) == wilson(2, 3)
    assert metrics(to_frame(rows))["errors"] == 1


def test_shares_of_needles_are_fractions_of_a_hit(make_row):
    rows = [make_row(trial=trial, score=score, scoring="all") for trial, score in enumerate([1.0, 0.25])]
    (cell,) = metrics(to_frame(rows))["cells"]
    assert (cell["hits"], cell["rate"]) == (1.25, 0.625)
    assert (cell["ci_low"], cell["ci_high"]) == wilson(1.25, 2)


def test_a_cell_has_its_seconds_and_the_most_memory(make_row):
    rows = [make_row(trial=trial, seconds=0.5, peak_bytes=peak) for trial, peak in enumerate([100, 300])]
    (cell,) = json.loads(json.dumps(metrics(to_frame(rows))))["cells"]
    assert (cell["seconds"], cell["peak_bytes"]) == (1.0, 300)
    assert metrics(to_frame([make_row()]))["cells"][0]["peak_bytes"] is None


def test_the_mean_is_over_cells_not_over_samples(make_row):
    rows = [make_row(length=1024, trial=t, score=1.0) for t in range(9)] + [make_row(length=2048, score=0.0)]
    values = metrics(to_frame(rows))
    assert values["mean_rate"] == 0.5
    assert (values["n"], values["hits"]) == (10, 9)


def test_selection_recall_is_averaged_per_cell_and_none_where_dense(make_row):
    sparse = metrics(to_frame([make_row(trial=0, selection_recall=0.5), make_row(trial=1, selection_recall=1.0)]))
    assert sparse["cells"][0]["selection_recall"] == sparse["selection_recall"] == 0.75
    dense = metrics(to_frame([make_row()]))
    assert dense["cells"][0]["selection_recall"] is dense["selection_recall"] is None


def test_memberships_are_averaged_level_by_level_and_left_out_where_no_row_has_them(make_row):
    levels = {"needle_levels": (0.5, 0.25, 0.0), "question_recall": 0.25, "margin": 2.0}
    one = make_row(trial=0, selection_recall=0.5, **levels)
    other = make_row(trial=1, selection_recall=0.5, **levels | {"needle_levels": (0.0, 0.25, 0.5), "margin": -1.0})
    values = metrics(to_frame([one, other, make_row(depth=0, selection_recall=1.0)]))
    known = {name: values["cells"][1][name] for name in levels}
    assert known == {"needle_levels": (0.25, 0.25, 0.25), "question_recall": 0.25, "margin": 0.5}
    assert values["cells"][0]["needle_levels"] is None
    assert values["question_recall"] == 0.25
    assert not {"last_token_recall", "answer_levels"} & {*values, *values["cells"][0]}


def test_a_cell_of_failures_only_is_there_with_nothing_known(make_row):
    values = metrics(to_frame([make_row(error="broken"), make_row(depth=0)]))
    assert values["cells"][1] == {
        "length": 4096, "depth": 50.0, "n": 0, "hits": 0,
        "rate": None, "ci_low": None, "ci_high": None, "selection_recall": None, "seconds": None, "peak_bytes": None,
    }  # fmt: skip
    assert (values["mean_rate"], values["empty_cells"], values["errors"]) == (1.0, 1, 1)


def test_no_rows_make_an_empty_table_or_the_grid(make_row):
    assert cells(to_frame([])).empty
    assert metrics(to_frame([]))["mean_rate"] is None
    grid = cells(to_frame([]), lengths=[8192, 4096], depths=[100, 0])
    assert list(zip(grid.length, grid.depth, strict=True)) == [(4096, 0), (4096, 100), (8192, 0), (8192, 100)]
    assert (grid.n == 0).all()


def test_rows_of_two_tasks_are_not_mixed(make_row):
    with pytest.raises(InputError, match="rows must be of one task, got keyed, passkey"):
        cells(to_frame([make_row(), make_row(task="keyed")]))


@given(
    outcomes=st.lists(
        st.tuples(st.sampled_from([512, 1024]), st.sampled_from([0.0, 33.3, 100.0]), st.sampled_from([0.0, 1.0, None])),
        max_size=30,
    )
)
def test_cells_hold_every_counted_sample_once_and_metrics_are_json(outcomes):
    frame = pd.DataFrame(outcomes, columns=["length", "depth", "score"]).astype({"length": "int64", "score": float})
    frame = frame.assign(**dict.fromkeys(CELL_COLUMNS[CELL_COLUMNS.index("margin") :], float("nan")))
    frame = frame.assign(task="passkey", selection_recall=float("nan"), seconds=1.0, peak_bytes=7, error=None)
    frame["error"] = frame["error"].astype(object).where(frame["score"].notna(), "broken")
    values = json.loads(json.dumps(metrics(frame), allow_nan=False))
    assert values["n"] + values["errors"] == len(outcomes)
    assert values["hits"] == sum(score or 0 for *_, score in outcomes)
    assert len(values["cells"]) == len({length for length, *_ in outcomes}) * len({depth for _, depth, _ in outcomes})
    for cell in values["cells"]:
        assert cell["n"] == 0 or cell["ci_low"] <= cell["rate"] <= cell["ci_high"]
