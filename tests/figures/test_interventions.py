import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.figures.interventions import interventions_figure

CONDITIONS = ["natural", "needle in", "needle out", "needle out, question out", "sham in"]


def table(lengths=(4096, 16384), layers=("all",)):
    nothing = float("nan")
    return pd.DataFrame([
        {"setting": "norm k=256", "length": length, "condition": condition, "layers": own,
         "margin": 4.0 - place, "margin_low": 3.0 - place, "margin_high": 5.0 - place,
         "margin_difference": nothing if place == 0 else -place, "margin_difference_low": nothing,
         "margin_difference_high": nothing}
        for own in layers for length in lengths for place, condition in enumerate(CONDITIONS)
    ])  # fmt: skip


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("lengths", [(4096,), (4096, 16384)])
def test_margins_and_differences_are_readable(width, lengths, assert_readable):
    figure = interventions_figure(table(lengths), title="keyed, model, norm k=256", width=width)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == CONDITIONS
    points = [line for line in left.lines if line.get_linestyle() != "-" or line.get_linewidth() == 0]
    assert sum(len(line.get_xdata()) for line in points) == len(CONDITIONS) * len(lengths)
    drawn = [line for line in right.lines if line.get_linewidth() == 0]
    assert sum(len(line.get_xdata()) for line in drawn) == (len(CONDITIONS) - 1) * len(lengths)  # natural has none
    assert_readable(figure)


def test_layers_are_named_where_they_differ():
    axes = interventions_figure(table(layers=("all", "2"))).axes[0]
    assert axes.get_yticklabels()[5].get_text() == "natural (layer 2)"


def test_without_margins_it_is_refused():
    with pytest.raises(InputError, match="interventions must have margins"):
        interventions_figure(table().assign(margin=float("nan")))
