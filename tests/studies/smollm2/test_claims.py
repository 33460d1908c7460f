"""What of Lighthouse is borne: settings by the protocol's names, pairs by prompt, and what may be called decided."""

from pathlib import Path

import pandas as pd
import pytest

from lh_eval.analysis.pairing import KEY
from lh_eval.methods.base import METHODS
from lh_eval.statistics import paired_difference
from lh_eval.store.run import Run
from lh_eval.studies.smollm2.claims import claims_block, claims_table, compared, lines
from lh_eval.studies.smollm2.combine import combine_block, halves_block
from lh_eval.studies.smollm2.settings import half, label_of, lighthouse

pytestmark = pytest.mark.long

FINEST, SUM, MEAN = (lighthouse(1024, how, "before") for how in ("finest", "sum", "mean"))


def rows(hits, log=0.0, spread=0.0):
    """Five trials at three depths; `hits` of them at each depth, of the first trials."""
    keys = [("niah", 1024, depth, trial) for depth in (0.0, 50.0, 100.0) for trial in range(5)]
    frame = pd.DataFrame(keys, columns=KEY)
    found = frame["trial"] < frame["depth"].map(dict(zip((0.0, 50.0, 100.0), hits, strict=True)))
    logs = log + spread * (frame["trial"] - 2)
    sha = [str(key) for key in keys]
    return frame.assign(prompt_sha256=sha, error=None, score=found * 1.0, answer_logprob=logs, selection_recall=0.5)


def settings(**frames):
    return {reading: {label: Run(Path(), {}, frame) for label, frame in of.items()} for reading, of in frames.items()}


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        ("lighthouse:k=1024", "k = 1024, `sum`, before"),
        ("lighthouse:k=128,combine=finest,rope=after", "k = 128, `finest`, after"),
        ("halved:k=128,keeps=keys,combine=finest", "keys kept, before"),
        ("halved:k=128,local=16", "queries kept and the last 16, before"),
        ("window:tokens=512", "window"),
        ("press:knorm", "press:knorm"),
        ("dense", "dense"),
    ],
)
def test_a_setting_has_the_protocols_name(spec, label):
    assert label_of(METHODS.build(spec).to_dict()) == label


def test_lines_are_the_protocols():
    made = list(lines())
    counts = pd.Series([line.claim for line in made]).value_counts(sort=False).to_dict()
    assert counts == {**dict.fromkeys(["S1", "S2", "S3", "S4", "S5", "S6", "S7"], 4), "S8": 8, "S9": 4, "S10": 3}
    assert len(set(made)) == len(made)
    assert made[0][3:] == ("prompt", FINEST, SUM)
    assert [line[3:] for line in made if line.claim == "S7"][3] == (
        "context",
        half("queries", "after"),
        lighthouse(128, "finest", "after"),
    )


def test_sides_are_paired_by_prompt_and_trials_count_once():
    found = compared(rows((5, 5, 3), -1.0, 0.1), rows((5, 0, 4), -3.0, 0.2))
    assert (found["found"], found["gained"], found["lost"]) == ("13, 9 of 15", 5, 1)
    assert found["difference"] == pytest.approx(4 / 15)
    assert (found["low"], found["high"]) == paired_difference(8, 5, 1, 1)
    assert found["log_difference"] == pytest.approx(2)
    # five differences 0.1 apart: t of 4 degrees of freedom, 2.776, and a standard error of 0.1 * sqrt(2.5 / 5)
    assert found["log_high"] - found["log_difference"] == pytest.approx(2.776 * 0.1 * 0.5**0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("first", "log", "decided"), [(5, 1.0, "above"), (5, -1.0, "not decided"), (1, 1.0, "not decided")]
)
def test_a_line_is_decided_by_both_outcomes(first, log, decided):
    sides = {FINEST: rows((first,) * 3, log, 0.1), SUM: rows((0, 0, 0))}
    table = claims_table(settings(prompt=sides))
    assert table[["claim", "decided"]].to_numpy().tolist() == [["S1", decided]]
    turned = claims_table(settings(prompt={FINEST: sides[SUM], SUM: sides[FINEST]}))
    assert turned["decided"].tolist() == [decided.replace("above", "below")]


def test_holm_is_over_the_lines_of_a_claim():
    sides = {FINEST: rows((5, 2, 0), 1.0, 0.1), SUM: rows((0, 0, 0)), MEAN: rows((5, 2, 0), 1.0, 0.1)}
    table = claims_table(settings(prompt=sides, context=sides)).set_index("claim")
    assert table.loc["S1", "p_holm"].tolist() == (2 * table.loc["S1", "p"]).tolist()
    assert table.loc["S3", "decided"].tolist() == ["not decided"] * 2
    assert "| S1 | k = 1024: `finest` less `sum` | before | context | 7, 0 of 15 |" in claims_block(
        settings(context=sides)
    )


def test_tables_show_what_was_run():
    known = settings(prompt={"dense": rows((5, 5, 5), -1.25), FINEST: rows((5, 4, 0), -2.0), "window": rows((0, 1, 5))})
    assert "| dense | 15/15 | −1.25 |\n" in combine_block(known)
    assert f"| {SUM} | – | – |\n" in combine_block(known)
    assert "| window | 6/15 (0, 1, 5) | 0.00 | 0.50 |\n" in halves_block(known)
    assert "15/15 is 0.8 to 1" in halves_block(known)
