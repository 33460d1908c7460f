import pandas as pd
import pytest

from lh_eval.figures.scatter import scatter_figure


def test_a_panel_a_task_and_a_bar_a_training():
    rows = [("dense", "passkey", 1.5, 0.9), ("qk", "passkey", 1.4, 0.95), ("qk", "keyed", 1.4, 0.7)]
    points = pd.DataFrame(rows, columns=["recipe", "task", "held_out", "rate"])
    points = points.assign(ci_low=points["rate"] - 0.1, ci_high=points["rate"] + 0.05)
    cells = pd.DataFrame({"setting": ["dense", "qk"], "family": [None, "qk"], "budget": [None, 256.0]})
    cells["budget_name"] = [None, "k"]
    figure = scatter_figure(points, cells)
    assert [axes.get_title() for axes in figure.axes] == ["passkey", "keyed"]
    assert [len(axes.containers) for axes in figure.axes] == [2, 1]
    for axes in figure.axes:
        assert axes.get_ylim() == pytest.approx((0.59, 1.01))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["dense", "qk"]
