import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.figures.latency import latency_figure


@pytest.fixture
def points():
    frame = pd.DataFrame({
        "setting": ["dense", "norm k=256", "norm k=2048"], "family": [None, "norm", "norm"],
        "budget": [None, 256, 2048], "budget_name": [None, "k", "k"],
        "time": [4.0, 0.5, 1.5], "rate": [0.9, 0.5, 0.8], "ci_low": [0.8, 0.4, 0.7], "ci_high": [0.95, 0.6, 0.85],
    })  # fmt: skip
    return frame.astype({"family": object})


def test_a_point_a_setting_with_its_interval(points):
    (axes,) = latency_figure(points, label="ms").axes
    assert [bar.lines[0].get_xydata().tolist() for bar in axes.containers] == [[[4, 0.9]], [[0.5, 0.5]], [[1.5, 0.8]]]
    (segment,) = axes.containers[0].lines[2][0].get_segments()
    assert segment[:, 1].tolist() == pytest.approx([0.8, 0.95])
    assert axes.get_ylim() == (-0.04, 1.04)
    assert axes.get_xscale() == "linear"


def test_times_of_more_than_a_decade_are_logarithmic(points):
    points.loc[0, "time"] = 40.0
    assert latency_figure(points, label="ms").axes[0].get_xscale() == "log"


@pytest.mark.parametrize("width", ["single", "double"])
def test_it_is_readable(points, assert_readable, width):
    label = "operator, forward, at 32K (ms)"
    assert_readable(latency_figure(points, label=label, title="keyed, lh-passkey, n=10 per cell", width=width))


def test_no_points_are_refused(points):
    with pytest.raises(InputError, match="points must be at least one"):
        latency_figure(points.iloc[:0], label="ms")
