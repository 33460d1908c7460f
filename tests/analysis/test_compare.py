import math

import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.analysis.compare import compare, difference
from lh_eval.analysis.compare_samples import grid_interval
from lh_eval.analysis.pairing import align
from lh_eval.store.rows import to_frame


def test_pairs_are_counted_sample_by_sample(make_row):
    left = [make_row(trial=t, score=s) for t, s in enumerate([1.0, 1.0, 0.0, 1.0])]
    right = [make_row(trial=t, score=s) for t, s in enumerate([0.0, 1.0, 1.0, 0.0])]
    values = difference(to_frame(left), to_frame(right))
    assert values == {"mean": 0.25, "pairs": 4, "gained": 2, "lost": 1, "p_value": 1.0}


def test_the_mean_is_over_cells(make_row):
    left = [make_row(depth=0, trial=t) for t in range(3)] + [make_row(depth=100, score=0.0)]
    right = [make_row(depth=0, trial=t, score=0.0) for t in range(3)] + [make_row(depth=100)]
    assert difference(to_frame(left), to_frame(right))["mean"] == 0.0


def test_samples_that_one_side_lacks_or_failed_are_left_out(make_row):
    left = [make_row(trial=0), make_row(trial=1, error="broken"), make_row(trial=2)]
    right = [make_row(trial=0), make_row(trial=1), make_row(trial=3)]
    assert difference(to_frame(left), to_frame(right))["pairs"] == 1
    assert difference(to_frame(left[1:2]), to_frame(right)) is None


def test_different_prompts_are_not_compared(make_row):
    with pytest.raises(InputError, match="same prompts, got different ones for task passkey, length 4096"):
        difference(to_frame([make_row()]), to_frame([make_row(prompt_sha256="1" * 64)]))


def frame(make_row, right, *, depths=(0.0, 100.0), trials=6, lengths=(1024, 2048), **changes):
    """Rows of a grid; `right(length, depth, trial)` says which answers are."""
    return to_frame(
        make_row(length=length, depth=depth, trial=trial, score=float(right(length, depth, trial)), **changes)
        for length in lengths
        for depth in depths
        for trial in range(trials)
    )


def test_cells_and_grid_of_two_runs(make_row):
    a = frame(make_row, lambda length, depth, trial: depth == 0)
    b = frame(make_row, lambda length, depth, trial: (length == 1024 and trial < 5) or (depth == 0 and trial > 0))
    cells, overall, notes = compare(a, b)
    table = cells.set_index(["length", "depth"])
    assert table.loc[(1024, 100.0)][["pairs", "gained", "lost"]].tolist() == [6, 5, 0]
    assert table.loc[(2048, 0.0)][["gained", "lost"]].tolist() == [0, 1]
    assert table["difference"].tolist() == pytest.approx((table["rate_b"] - table["rate_a"]).tolist())
    assert table["p"].tolist() == pytest.approx([1.0, 2 / 32, 1.0, 1.0])
    assert table["p_holm"].tolist() == pytest.approx([1.0, 4 * 2 / 32, 1.0, 1.0])
    assert ((table["ci_low"] <= table["difference"]) & (table["difference"] <= table["ci_high"])).all()
    whole = overall.iloc[0]
    assert whole[["cells", "pairs", "gained", "lost"]].tolist() == [4, 24, 5, 1]
    assert whole["p"] == pytest.approx(2 * (1 + 6) / 64)
    assert whole["difference"] == pytest.approx(4 / 24)
    assert whole["ci_low"] < 4 / 24 < whole["ci_high"]
    assert math.isnan(whole["least_p"])
    assert "Newcombe" in notes[0]
    assert "bootstrap" in notes[1]


def test_equal_runs_differ_by_nothing_with_an_interval_of_some_width(make_row):
    a = frame(make_row, lambda length, depth, trial: True)
    whole = compare(a, a).overall.iloc[0]
    assert whole[["difference", "gained", "lost", "p"]].tolist() == [0, 0, 0, 1]
    assert whole["ci_low"] < 0 < whole["ci_high"]
    assert whole["rate_a_low"] < 1


def test_trials_about_one_context_vary_together(make_row):
    """Four questions of each context, right or wrong together, are one observation."""
    a = frame(make_row, lambda length, depth, trial: False, trials=80)
    b = frame(make_row, lambda length, depth, trial: trial // 4 % 2, trials=80)
    apart, together = (compare(a, b, questions=questions).overall.iloc[0] for questions in (1, 4))
    widths = [whole["ci_high"] - whole["ci_low"] for whole in (apart, together)]
    assert widths[1] / widths[0] == pytest.approx(2, rel=0.15)


def test_tasks_are_fixed_by_the_design_as_lengths_are(make_row):
    """What one task lost in a trial, the other won: they are drawn apart, so that this evens out nothing."""
    tasks = [
        frame(make_row, lambda length, depth, trial, odd=odd: trial % 2 == odd, task=task)
        for odd, task in enumerate(("keyed", "passkey"))
    ]
    joined = pd.concat([align([task]) for task in tasks], ignore_index=True)
    interval = grid_interval(joined, joined[0])
    assert interval.low < 0.4
    assert interval.high > 0.6


def test_scores_between_0_and_1_have_no_interval_of_counts(make_row):
    kind = {"scoring": "all"}
    a = frame(make_row, lambda length, depth, trial: 0.5, **kind)
    b = frame(make_row, lambda length, depth, trial: 0.5 + 0.5 * (trial % 2), **kind)
    compared = compare(a, b)
    assert compared.cells["ci_low"].isna().all()
    assert compared.overall.iloc[0]["ci_low"] < 0.25 < compared.overall.iloc[0]["ci_high"]


def test_trainings_are_what_varies(make_row):
    a = [frame(make_row, lambda length, depth, trial, cut=cut: trial < cut) for cut in (2, 3, 1)]
    b = [frame(make_row, lambda length, depth, trial, cut=cut: trial < cut) for cut in (5, 5, 4)]
    cells, overall, notes = compare(a, b, paired=True)
    whole = overall.iloc[0]
    assert whole[["trainings_a", "trainings_b", "pairs"]].tolist() == [3, 3, 24]
    assert whole["difference"] == pytest.approx(8 / 18)
    # differences 3, 2, 3 of 6: t(2) = 4.3027 standard errors
    assert whole["ci_high"] - whole["difference"] == pytest.approx(4.3027 / 18, abs=1e-4)
    assert whole["p"] == whole["least_p"] == 0.25
    assert (cells["p_holm"] == 1).all()
    assert "cannot give a p-value below 0.25" in notes[1]
    assert compare(a, b).overall.iloc[0]["p"] == pytest.approx(0.1)


def test_two_trainings_a_side_have_no_p_value(make_row):
    a = [frame(make_row, lambda length, depth, trial, cut=cut: trial < cut) for cut in (2, 3)]
    b = [frame(make_row, lambda length, depth, trial, cut=cut: trial < cut) for cut in (6, 5)]
    compared = compare(a, b, paired=True)
    assert math.isnan(compared.overall.iloc[0]["p"])
    assert compared.cells["p_holm"].isna().all()
    assert compared.overall.iloc[0]["ci_low"] < 0
    assert "none is shown for fewer than three a side" in compared.notes[1]


def test_runs_that_cannot_be_compared_are_refused(make_row):
    a = frame(make_row, lambda *_: True)
    with pytest.raises(InputError, match="of one task, got keyed, passkey"):
        compare(a, frame(make_row, lambda *_: True, task="keyed"))
    with pytest.raises(InputError, match="the same prompts"):
        compare(a, frame(make_row, lambda *_: True, prompt_sha256="1" * 64))
    with pytest.raises(InputError, match="samples in common, got none"):
        compare(a, frame(make_row, lambda *_: True, lengths=(512,)))
    with pytest.raises(InputError, match="must have samples, got none"):
        compare(a[:0], a[:0])


def test_what_is_left_out_is_said(make_row):
    a = frame(make_row, lambda *_: True)
    b = frame(make_row, lambda *_: True, trials=4)
    compared = compare(a, b)
    assert compared.overall.iloc[0]["pairs"] == 16
    assert compared.notes[-1] == "left out, as not every run has an answer: 8 samples of A's, 0 of B's"
    assert not any("left out" in note for note in compare(a, a).notes)


def test_a_task_is_the_same_with_its_defaults_written_out(make_row):
    plain, spelled = (to_frame([make_row(task=task)]) for task in ("keyed", "keyed:records=8"))
    assert difference(plain, spelled)["pairs"] == 1
    assert compare(plain, spelled).overall["pairs"].item() == 1
    other = to_frame([make_row(task="keyed:records=4")])
    assert difference(plain, other) is None
    with pytest.raises(InputError, match="of one task, got keyed, keyed:records=4"):
        compare(plain, other)


def test_of_fractions_the_test_is_called_what_it_is(make_row):
    a = frame(make_row, lambda length, depth, trial: 0.5, scoring="all")
    b = frame(make_row, lambda length, depth, trial: 0.25 * (trial % 3), scoring="all")
    notes = compare(a, b).notes
    assert "exact sign test of gained against lost, as scores are fractions" in notes[0]
    assert not any("McNemar" in note for note in notes)


def test_of_trainings_gained_and_lost_are_counts_without_a_test(make_row):
    a = frame(make_row, lambda length, depth, trial: depth == 0)
    assert "no test is made of them" in compare([a, a], [a, a], paired=True).notes[-1]
