import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.analysis.measured import newest, scorers_of, setting_of, shape_of, versions_of, with_ratios
from lh_eval.store.measurements import measurement_frame


def test_newest_rows_of_the_last_card_shape_and_pyramid(make_measurement):
    rows = [
        make_measurement(ms=1.0, gpu="other"),
        make_measurement(ms=2.0),
        make_measurement(ms=3.0, head_dim=128),
        make_measurement("lighthouse", k=512, ms=4.0, levels=2),
        make_measurement("lighthouse", k=512, ms=5.0, commit="1111111"),
        make_measurement("lighthouse", k=512, ms=6.0),
        make_measurement("lighthouse", k=1024, ms=7.0),
        make_measurement(ms=8.0, commit="2222222"),
        make_measurement(ms=9.0, mode="fwd+bwd"),
    ]
    assert newest(measurement_frame(rows))["ms"].tolist() == [6.0, 7.0, 8.0, 9.0]


@pytest.mark.parametrize("other", [{"scorer": "qk"}, {"tile_k": 64}, {"selection": "global", "tile_k": None}])
def test_rows_of_another_setting_are_left_out(make_measurement, other):
    rows = [
        make_measurement(ms=1.0),
        make_measurement("sdpa-on-S", k=512, ms=2.0),
        make_measurement("lighthouse", k=512, ms=3.0, **other),
        make_measurement("lighthouse", k=1024, ms=4.0),
    ]
    assert newest(measurement_frame(rows))["ms"].tolist() == [1.0, 2.0, 4.0]


def test_a_scorer_may_be_asked_for(make_measurement):
    rows = [
        make_measurement("lighthouse", k=512, ms=1.0, scorer="random", gpu="other"),
        make_measurement("sdpa-on-S", k=512, ms=2.0),
        make_measurement("lighthouse", k=512, ms=3.0, scorer="qk"),
        make_measurement("lighthouse", k=512, ms=4.0),
        make_measurement(ms=5.0),
    ]
    frame = measurement_frame(rows)
    assert scorers_of(frame) == ["norm", "qk"]
    assert newest(frame)["ms"].tolist() == [2.0, 4.0, 5.0]
    assert newest(frame, "qk")["ms"].tolist() == [2.0, 3.0, 5.0]
    with pytest.raises(InputError, match="scorer must be one that was measured there, norm, qk, got 'random'"):
        newest(frame, "random")


def test_ratios_compare_the_same_length_mode_and_k(make_measurement):
    rows = [
        make_measurement("lighthouse", k=512, ms=2.0),
        make_measurement(ms=8.0),
        make_measurement("sdpa-on-S", k=512, ms=1.6),
        make_measurement("lighthouse", k=1024, ms=4.0),
        make_measurement("lighthouse", "fwd+bwd", k=512, ms=5.0),
    ]
    frame = with_ratios(measurement_frame(rows)).set_index(["provider", "mode", "k"])
    assert frame.loc[("lighthouse", "fwd", 512), ["speedup", "over_floor"]].tolist() == [4.0, 1.25]
    assert frame.loc[("lighthouse", "fwd", 1024), "speedup"] == 2.0
    assert pd.isna(frame.loc[("lighthouse", "fwd", 1024), "over_floor"])
    assert pd.isna(frame.loc[("lighthouse", "fwd+bwd", 512), "speedup"])


def test_the_shape_and_what_ran_are_named_by_the_last(make_measurement):
    frame = measurement_frame(
        [
            make_measurement(ms=1.0, commit="1111111", triton=""),
            make_measurement("lighthouse", k=512, ms=2.0, kv_heads=1, levels=2, combine="mean", rope="after"),
        ]
    )
    assert shape_of(frame) == "card, float32, B=1, H=2, G=1, D=64, L=2, p=4"
    assert shape_of(frame[:1]) == "card, float32, B=1, H=2, D=64"
    assert setting_of(frame) == "card, float32, B=1, H=2, G=1, D=64, L=2, p=4, rope=after, combine=mean"
    assert versions_of(frame) == "torch 2, triton 3, commit 1111111, commit 0000000"


def test_floors_are_of_the_same_k(make_measurement):
    rows = [
        make_measurement(provider, k=k, ms=ms) for k in (2, 4) for provider, ms in (("lighthouse", k), ("sdpa-on-S", 1))
    ]
    frame = with_ratios(measurement_frame(rows))
    assert len(frame) == 4
    assert frame[frame["provider"] == "lighthouse"]["over_floor"].tolist() == [2, 4]
    assert frame["k"].tolist() == [2, 2, 4, 4]
