"""Contrasts over trunks: what is compared with what, and what may be called decided."""

import numpy as np
import pandas as pd
import pytest

from lh_eval.studies.branches.contrasts import contrasts_of, contrasts_table, readings_table
from lh_eval.studies.branches.outcomes import COLUMNS, TYPES
from lh_eval.studies.branches.plan import Cell

CELLS = [Cell(scorer, k, "before") for scorer in ("norm", "qk") for k in (256, 1024)]
CELLS += [Cell("norm", 256, "after"), Cell()]


def made(effect, *, seeds=8, cells=CELLS):
    """A table in which a cell's keyed rate is that of its trunk plus its effect."""
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        trunk = rng.normal()
        for cell in cells:
            training = {"cell": cell.name, **cell._asdict(), "seed": seed, "trunk": f"t{seed}", "trained_length": 16384}
            for task in ("keyed", "keyed:records=64"):
                value = trunk + effect(cell) + 0.01 * rng.normal()
                place = {"kept": "lighthouse", "weights": "w", "reading": "prompt", "length": 16384}
                place |= {"outcome": f"{task} rate", "value": value, "n": 20}
                rows.append(training | place | {"read_as": "own" if cell.scorer else "dense"})
                rows.append(training | place | {"read_as": "dense", "kept": "dense-450"})
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def test_the_contrasts_are_the_protocols():
    found = [(one.name, list(one.less), list(one.of)) for one in contrasts_of(made(lambda _: 0.0))]
    assert found == [
        ("qk less norm", ["norm-k256", "norm-k1024"], ["qk-k256", "qk-k1024"]),
        ("k = 1024 less k = 256", ["norm-k256", "qk-k256"], ["norm-k1024", "qk-k1024"]),
        ("rope after less before", ["norm-k256"], ["norm-k256-after"]),
    ]


def test_an_effect_is_decided_and_none_is_excluded():
    table = contrasts_table(made(lambda cell: 0.2 * (cell.scorer == "qk"))).values
    primary = table[table["primary"]].set_index("contrast")
    assert set(primary["outcome"]) == {"keyed rate"}
    assert set(primary["kept"]) == {"lighthouse"}
    scorer, k = primary.loc["qk less norm"], primary.loc["k = 1024 less k = 256"]
    assert scorer["difference"] == pytest.approx(0.2, abs=0.02)
    assert (scorer["p"], scorer["least_p"]) == (2 / 2**8, 2 / 2**8)
    assert scorer["p_holm"] == pytest.approx(3 * 2 / 2**8)
    assert scorer["decided"]
    assert not k["decided"]
    assert k["excluded"] < 0.05
    later = table[table["kept"] == "dense-450"]
    assert not later["primary"].any()
    assert later["p_holm"].isna().all()


def test_few_seeds_decide_nothing_and_incomplete_ones_do_not_count():
    table = contrasts_table(made(lambda cell: float(cell.scorer == "qk"), seeds=7)).values
    assert set(table["seeds"]) == {7}
    assert not table["decided"].any()
    outcomes = made(lambda _: 0.0)
    cut = outcomes[(outcomes["cell"] != "qk-k1024") | (outcomes["seed"] > 1)]
    table = contrasts_table(cut).values
    assert table.set_index("contrast")["seeds"].groupby(level=0).first().to_dict() == {
        "qk less norm": 6,
        "k = 1024 less k = 256": 6,
        "rope after less before": 8,
    }


def test_the_same_outcomes_give_the_same_files(tmp_path):
    outcomes = made(lambda _: 0.0)
    table = contrasts_table(outcomes)
    assert [file.name for file in table.write(tmp_path, "contrasts")] == [
        "contrasts.csv",
        "contrasts.md",
        "contrasts.tex",
        "contrasts-secondary.tex",
    ]
    assert "not decided" in table.markdown
    assert "| keyed rate | norm-k256 |" in readings_table(outcomes).markdown
