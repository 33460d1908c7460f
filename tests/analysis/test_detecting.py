from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from lh_eval import InputError
from lh_eval.analysis.detecting import PAIR_SDS, PAPER_RATE, PAPER_SAMPLES, assume, measure, require
from lh_eval.statistics import power
from lh_eval.store.run import read_run

GRID = Path(__file__).parents[2] / "outputs" / "grid"


def test_the_default_spread_is_that_of_the_committed_pairs():
    claims = pd.read_csv(GRID / "claims.csv").query("by == 'trainings' and claim == 'query-key over norm, equal k'")
    for task, sd in PAIR_SDS.items():
        (row,) = claims[claims["task"] == task].to_dict(orient="records")
        reach = (row["ci_high"] - row["ci_low"]) / 2
        assert sd == pytest.approx(reach * 7**0.5 / stats.t.ppf(0.975, 6), abs=5e-4)


def test_what_is_assumed():
    assumed = assume(0.04)
    assert (assumed.rate, assumed.cells) == (PAPER_RATE, 35)
    needed = require(0.04, assumed)
    assert needed.others == power.samples_a_side(0.04, 0.72)
    assert needed.same == pytest.approx(needed.others, rel=0.01)
    assert needed.pairs["passkey"][0] == 15
    assert needed.least_pairs == 6
    assert require(0.04, assume(0.04, discordant=0.1)).same < needed.same / 3
    assert power.half_width(PAPER_RATE, PAPER_SAMPLES) == pytest.approx(0.043, abs=5e-4)


def test_every_number_is_of_the_power_and_level_asked_for():
    assumed = assume(0.04, discordant=0.1)._replace(alone=0.3)
    asked = {"power": 0.9, "level": 0.99}
    needed = require(0.04, assumed, pair_sds={"x": 0.05}, with_power=0.9, level=0.99)
    assert needed.others == power.pairs(0.04, 0.3 * 2**0.5, **asked)
    assert needed.same == power.pairs(0.04, assumed.spread, **asked)
    assert needed.pairs == {"x": (power.pairs(0.04, 0.05, **asked), power.flipped_pairs(0.04, 0.05, **asked))}
    assert needed.least_pairs == power.least_pairs(0.99)


def test_a_rate_without_room_above_is_the_upper_one():
    assert assume(0.04, rate=0.98).said.startswith("rates 0.94 and 0.98")
    assert require(0.04, assume(0.04, rate=0.98)).others == power.samples_a_side(0.04, 0.94)


def test_what_is_measured():
    first, second = (read_run(GRID / "keyed" / f"{name}-s0" / "dense").frame for name in ("norm-k256", "qk-k256"))
    assumed = measure(0.04, first, second)
    assert assumed.cells == 35
    joined = first.merge(second, on=["length", "depth", "trial"])
    differences = joined["score_y"] - joined["score_x"]
    assert assumed.discordant == pytest.approx((differences != 0).mean())
    assert assumed.rate == pytest.approx(first["score"].mean())
    # within cells the scores vary less than their mean rate says, so that fewer samples do
    needed = require(0.04, assumed)
    assert needed.others < power.samples_a_side(0.04, assumed.rate)
    by_cell = differences.groupby([joined["length"], joined["depth"]]).var(ddof=1).mean()
    assert assumed.spread == pytest.approx(by_cell**0.5, rel=0.15)


def test_runs_that_hardly_differ_leave_what_the_difference_itself_needs():
    frame = read_run(GRID / "keyed" / "norm-k256-s0" / "dense").frame
    assumed = measure(0.04, frame, frame)
    assert assumed.discordant == 0
    assert assumed.spread == power.discordant_spread(0.04, 0.04)


def test_what_cannot_be_used():
    for call, message in (
        (lambda: assume(0), "detect must be above 0"),
        (lambda: assume(0.1, rate=-1), "rate must be from 0 to 1"),
        (lambda: assume(0.1, cells=0), "cells must be at least 1"),
    ):
        with pytest.raises(InputError, match=message):
            call()
    frame = read_run(GRID / "keyed" / "norm-k256-s0" / "dense").frame
    with pytest.raises(InputError, match="with samples in common"):
        measure(0.04, frame[frame["trial"] == 0], frame[frame["trial"] == 1])
    with pytest.raises(InputError, match="at least two trials a length"):
        measure(0.04, frame[frame["trial"] == 0], frame)
