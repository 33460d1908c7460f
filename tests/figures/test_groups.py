import pandas as pd
import pytest

from lh_eval.figures.groups import groups_figure


def table(make_cells, groups):
    return pd.concat(
        [make_cells().assign(group=group, name=name) for group, names in groups.items() for name in names],
        ignore_index=True,
    )


@pytest.mark.parametrize("width", ["single", "double"])
def test_a_line_a_group_under_its_name(make_cells, assert_readable, width):
    figure = groups_figure(table(make_cells, {"a": ["dense", "norm k=8"], "b": ["dense"]}), title="t", width=width)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["dense (0.50)", "norm k=8 (0.50)", "dense (0.50)"]
    assert [text.get_text() for text in figure.texts][:2] == ["a", "b"]
    assert_readable(figure)


def test_groups_of_one_setting_are_panels_under_the_groups_names(make_cells):
    figure = groups_figure(table(make_cells, {"model a": ["dense"], "model b": ["dense"]}))
    assert [axes.get_title() for axes in figure.axes[:2]] == ["model a (0.50)", "model b (0.50)"]
