import pandas as pd
import pytest

from lh_eval.figures.groups import groups_figures


def table(make_cells, groups):
    return pd.concat(
        [make_cells().assign(group=group, name=name) for group, names in groups.items() for name in names],
        ignore_index=True,
    )


@pytest.mark.parametrize("width", ["single", "double"])
def test_a_line_a_group_under_its_name(make_cells, assert_readable, width):
    (figure,) = groups_figures(table(make_cells, {"a": ["dense", "norm k=8"], "b": ["dense"]}), title="t", width=width)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["dense (0.50)", "norm k=8 (0.50)", "dense (0.50)"]
    assert [text.get_text() for text in figure.texts][:2] == ["a", "b"]
    assert_readable(figure)


def test_groups_of_one_setting_are_panels_under_the_groups_names(make_cells):
    (figure,) = groups_figures(table(make_cells, {"model a": ["dense"], "model b": ["dense"]}))
    assert [axes.get_title() for axes in figure.axes[:2]] == ["model a (0.50)", "model b (0.50)"]


def test_each_group_has_its_own_lengths_and_depths(make_cells):
    cells = table(make_cells, {"a": ["dense"], "b": ["dense", "norm k=8"]})
    first = cells["length"] == cells["length"].min()
    (figure,) = groups_figures(cells[(cells["group"] == "b") | first])
    ticks = [len(axes.get_xticks()) for axes in figure.axes[:3]]
    assert ticks == [1, cells["length"].nunique(), cells["length"].nunique()]


@pytest.mark.long
def test_what_a_page_has_no_room_for_goes_on_in_another(make_cells, assert_readable):
    names = [f"norm k={k}" for k in range(40)]
    pages = groups_figures(table(make_cells, {"a": ["dense"], "b": names}), width="single")
    assert len(pages) > 1
    assert [page.texts[0].get_text() for page in pages] == ["a", *["b"] * (len(pages) - 1)]
    titles = [axes.get_title().split(" (")[0] for page in pages for axes in page.axes if axes.get_title()]
    assert titles == ["dense", *names]
    for page in pages:
        assert page.get_figheight() <= 8
        assert_readable(page)
