import pytest

from lh_eval import InputError
from lh_eval.figures.sweep import sweep_figure

LENGTHS = (4096, 8192, 16384, 32768, 65536, 131072, 262144)
ODD = (16000, 32000, 64000, 100000, 131000)
DEPTHS = (0.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0)


def panels(figure, scale):
    """Axes of cells with that colour scale; a colour bar has no text in it."""
    limits = {"rate": (0.0, 1.0), "difference": (-1.0, 1.0)}[scale]
    return [axes for axes in figure.axes if axes.texts and axes.collections[0].get_clim() == limits]


def test_dense_comes_first_and_has_no_difference(make_cells):
    settings = {name: make_cells(rate=lambda length, depth: 0.5) for name in ("norm k=512", "dense", "qk k=512")}
    figure = sweep_figure(settings)
    titles = [axes.get_title() for axes in panels(figure, "rate")]
    assert titles == [f"{name}\nmean 0.50, n=10" for name in ("dense", "norm k=512", "qk k=512")]
    assert len(panels(figure, "difference")) == 2


def test_differences_are_to_dense_with_their_sign(make_cells):
    dense = make_cells(rate=lambda length, depth: 0.5)
    worse = make_cells(rate=lambda length, depth: {0.0: 0.5, 50.0: 0.2, 100.0: 1.0}[depth])
    (axes,) = panels(sweep_figure({"worse": worse, "dense": dense}), "difference")
    by_row = {int(text.get_position()[1]): text.get_text() for text in axes.texts}
    assert by_row == {0: "0", 1: "−0.30", 2: "+0.50"}


def test_numbers_are_short_where_cells_are_narrow(make_cells):
    rates = dict(zip(DEPTHS, (0.0, 0.004, 0.25, 0.5, 0.75, 0.999, 1.0), strict=True))
    changes = dict(zip(DEPTHS, (1.0, 0.5, 0.0, -0.25, -0.001, 0.0, -1.0), strict=True))
    base = {depth: 0.0 if change >= 0 else 1.0 for depth, change in changes.items()}
    plain = {name: make_cells(LENGTHS, DEPTHS, rate=lambda length, depth: rates[depth]) for name in "abcd"}
    rate_axes = panels(sweep_figure(plain), "rate")[0]
    assert {text.get_text() for text in rate_axes.texts} == {"0", ".25", ".50", ".75", "1.0"}
    settings = {
        name: make_cells(LENGTHS, DEPTHS, rate=lambda length, depth: base[depth] + changes[depth]) for name in "abc"
    }
    settings["dense"] = make_cells(LENGTHS, DEPTHS, rate=lambda length, depth: base[depth])
    axes = panels(sweep_figure(settings), "difference")[0]
    assert {text.get_text() for text in axes.texts} == {"+1", "+.50", "0", "−.25", "−1"}


def test_without_dense_only_rates_are_drawn(make_cells):
    figure = sweep_figure({"a": make_cells(), "b": make_cells()})
    assert len(panels(figure, "rate")) == 2
    assert not panels(figure, "difference")


def test_cells_that_one_setting_lacks_are_missing_in_both_its_panels(make_cells):
    figure = sweep_figure({"dense": make_cells(), "short": make_cells(lengths=(4096,))})
    for axes in (panels(figure, "rate")[1], panels(figure, "difference")[0]):
        assert axes.get_xlim() == (0, 2)
        assert [text.get_text() for text in axes.texts].count("–") == 3


def test_the_heading_has_the_range_of_n_or_says_there_is_none(make_cells):
    cells = make_cells()
    cells.loc[0, "n"] = 3
    empty = make_cells(rate=lambda length, depth: None)
    titles = [axes.get_title() for axes in panels(sweep_figure({"a": cells, "b": empty}), "rate")]
    assert titles == ["a\nmean 0.50, n=3–10", "b\nno samples"]


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize(("count", "columns"), [(1, 4), (2, 1), (4, 7), (5, 4), (7, 1)])
def test_any_sweep_fits_its_page(make_cells, width, columns, count):
    """No text leaves the page or its cell, and no two panels overlap."""
    names = ["dense", *(f"qk:dilation=8 k={2**i}" for i in range(9, 8 + count))]
    figure = sweep_figure({name: make_cells(LENGTHS[:columns], DEPTHS) for name in names}, width=width)
    figure.canvas.draw()
    page = figure.bbox
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
    drawn = [*panels(figure, "rate"), *panels(figure, "difference")]
    assert len(drawn) == 2 * count - 1
    for axes in drawn:
        cell = axes.get_window_extent().width / columns
        assert all(text.get_window_extent().width < cell for text in axes.texts)
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


@pytest.mark.parametrize("settings", [0, 1])
def test_nothing_to_draw_is_refused(make_cells, settings):
    with pytest.raises(InputError, match="must be at least one, got none"):
        sweep_figure({"dense": make_cells().iloc[:0]} if settings else {})


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize(("lengths", "depths"), [((2048,), 1), (ODD, 2), (ODD, 3), (LENGTHS, 2), (LENGTHS, 7)])
def test_labels_of_any_grid_are_apart(make_cells, assert_readable, lengths, depths, width):
    settings = {
        name: make_cells(lengths, (0.0, 15.0, 33.333, 50.0, 70.0, 85.0, 100.0)[-depths:])
        for name in ("dense", "norm k=256", "norm k=2048")
    }
    assert_readable(sweep_figure(settings, title="keyed:records=8, lh-passkey", width=width))


def test_the_title_stands_over_all_panels(make_cells):
    figure = sweep_figure({"dense": make_cells()}, title="passkey, lh-passkey")
    (title,) = [text for text in figure.texts if text.get_text() == "passkey, lh-passkey"]
    figure.canvas.draw()
    assert title.get_window_extent().y0 > max(axes.get_tightbbox().y1 for axes in figure.axes)
