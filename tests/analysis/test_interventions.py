"""Interventions beside natural: paired, with intervals, each with what was reached."""

import pytest

from lh_eval.analysis.interventions import interventions, is_intervention
from lh_eval.errors import InputError
from lh_eval.store.rows import to_frame
from lh_eval.store.run import Run

BASE = {"k": 256, "scorer": "norm", "num_levels": 3, "pooling_factor": 4, "cover_prefix": False}


def forced(**changes):
    natural = {"needle": "natural", "question": "natural", "sham": "natural", "layers": []}
    return {"method": "forced", **BASE, **natural, **changes}


@pytest.fixture
def runs(make_row, tmp_path):
    def make(shift, score, attention):
        rows = [
            make_row(
                length=length,
                depth=depth,
                trial=trial,
                margin=trial + depth / 100 + shift,
                score=float(score(trial)),
                prediction="7" if score(trial) else "8",
                selection_recall=0.5,
                question_recall=0.0,
            )
            for length in (4096, 16384)
            for depth in (0.0, 50.0)
            for trial in range(4)
        ]
        return Run(tmp_path, {"attention": attention, "reading": "prompt"}, to_frame(rows))

    return {
        "natural": make(0, lambda trial: trial > 0, BASE),
        "out": make(-2, lambda trial: False, forced(question="out")),
        "both": make(-2.5, lambda trial: trial > 1, forced(needle="in", question="out", layers=[1, 2])),
        "dense": make(9, lambda trial: True, None),
    }


def test_conditions_are_paired_with_the_setting_as_it_is(runs):
    table = interventions(runs)
    named = table[["length", "condition", "layers", "n"]].to_numpy().tolist()
    assert named[:3] == [
        [4096, "natural", "all", 8],
        [4096, "question out", "all", 8],
        [4096, "needle in, question out", "1, 2", 8],
    ]
    assert len(table) == 6
    natural, out, both = table.iloc[:3].to_dict(orient="records")
    assert (natural["margin"], natural["rate"]) == (1.75, 0.75)
    assert natural["margin_low"] < 1.75 < natural["margin_high"]
    assert natural["margin_difference"] != natural["margin_difference"]
    assert out["margin_difference"] == -2
    assert out["rate_difference"] == -0.75
    assert out["rate_difference_low"] < -0.75 < out["rate_difference_high"]
    assert (out["gained"], out["lost"]) == (0, 6)
    assert (both["gained"], both["lost"], both["needle_held"], both["question_held"]) == (0, 2, 0.5, 0)
    assert is_intervention(runs["out"])
    assert not is_intervention(runs["natural"])


def test_each_setting_has_its_own(runs):
    other = BASE | {"k": 512}
    runs |= {
        "natural-512": runs["natural"]._replace(config={"attention": other}),
        "out-512": runs["out"]._replace(config={"attention": forced(question="out") | {"k": 512}}),
    }
    table = interventions(runs)
    assert table["setting"].tolist() == ["norm k=256"] * 6 + ["norm k=512"] * 4


def test_without_an_intervention_or_its_natural_run_it_is_refused(runs):
    with pytest.raises(InputError, match="runs must have an intervention among them"):
        interventions({"natural": runs["natural"]})
    with pytest.raises(InputError, match="runs must have the setting as it is beside its interventions"):
        interventions({"out": runs["out"]})


def test_rows_of_before_margins_were_kept_have_rates_alone(runs):
    old = {name: run._replace(frame=run.frame.assign(margin=float("nan"))) for name, run in runs.items()}
    table = interventions(old)
    assert table["margin"].isna().all()
    assert table["rate"].notna().all()
