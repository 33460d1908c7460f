import pytest

from lh_eval.analysis.misses import misses
from lh_eval.store.rows import to_frame


def test_the_membership_that_goes_with_a_miss_stands_out(make_row):
    rows = [
        make_row(
            trial=trial,
            prediction="7" if hit else "8",
            score=float(hit),
            selection_recall=0.5 + 0.01 * (trial % 3),
            question_recall=0.8 if hit else 0.2 + 0.01 * trial,
        )
        for trial, hit in enumerate([True, False] * 6)
    ]
    table = misses({"norm": to_frame(rows), "dense": to_frame([make_row()])}).set_index("tokens")
    assert table["setting"].tolist() == ["norm", "norm"]  # no last token was watched, and nothing in dense
    assert table.loc["question", ["auroc", "hits", "misses", "of_hits"]].tolist() == [1, 6, 6, pytest.approx(0.8)]
    needle = table.loc["needle"]
    assert needle["low"] < needle["auroc"] == 0.5 < needle["high"]


def test_failed_samples_and_lengths_of_one_kind_do_not_count(make_row):
    rows = [make_row(length=512, selection_recall=1.0), make_row(trial=1, score=0.0, selection_recall=0.1)]
    table = misses({"norm": to_frame([*rows, make_row(trial=2, error="broken")])})
    assert table["auroc"].isna().all()
    assert table[["hits", "misses"]].to_numpy().tolist() == [[1, 1]]
