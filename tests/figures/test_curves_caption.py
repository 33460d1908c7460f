import pandas as pd
import pytest
from training_runs import jumping, write_training

from lh_eval.analysis.curves import read_curves
from lh_eval.analysis.curves_table import main_switches
from lh_eval.analysis.switches import LEVEL_STEPS, with_parts
from lh_eval.figures.curves_caption import curves_caption, steps_text


def test_the_caption_has_the_numbers_of_the_switch(tmp_path):
    parts = [("lighthouse", 256, 200), ("lighthouse", 1024, 100), ("dense", 1024, 200)]
    for seed, recovery in ((0, 60), (1, 100)):
        write_training(tmp_path / f"norm-s{seed}", parts, loss=jumping(300, recovery=recovery), seed=seed)
    curves = read_curves([tmp_path])
    labelled = [with_parts(one.rows).assign(recipe=one.recipe, run=one.name, seed=one.seed) for one in curves]
    text = curves_caption(
        pd.concat(labelled), main_switches(curves, ["text", "copy"]), ["text", "copy"], level_steps=LEVEL_STEPS
    )
    assert "norm (seeds 0, 1)" in text
    assert "Stripes: sequence lengths, 256 up to 0.2M; 1K up to 0.5M tokens." in text
    assert "lighthouse to dense at 0.3M tokens" in text
    assert "text: norm 2.000, 2.990, 60 to 100." in text
    assert "the sequence length changes too" not in text


def test_the_caption_says_where_the_length_changes_with_the_attention(tmp_path):
    parts = [("lighthouse", 1024, 100), ("dense", 256, 100)]
    write_training(tmp_path / "a", parts, loss=jumping(100))
    curves = read_curves([tmp_path])
    rows = with_parts(curves[0].rows).assign(recipe="a", run="a", seed=0)
    text = curves_caption(rows, main_switches(curves, ["text"]), ["text"], level_steps=LEVEL_STEPS)
    assert "the sequence length changes too (a from 1K to 256)" in text


def test_the_caption_of_a_run_that_never_switches(tmp_path):
    write_training(tmp_path / "a", [("dense", 256, 100)], loss=jumping(1000))
    curves = read_curves([tmp_path])
    rows = with_parts(curves[0].rows).assign(recipe="a", run="a", seed=0)
    switches = main_switches(curves, ["text"])
    assert switches.empty
    text = curves_caption(rows, switches, ["text"], level_steps=LEVEL_STEPS)
    assert "Attention never switches." in text
    assert "around the switch" not in text


@pytest.mark.parametrize(
    ("counts", "text"),
    [([80, 80], "80"), ([120, 80], "80 to 120"), ([None], "never"), ([80, None], "80, never in 1 of 2")],
)
def test_steps_as_text(counts, text):
    assert steps_text(pd.Series(counts, dtype="Int64")) == text
