import pytest

from lh_eval import InputError
from lh_eval.figures.length import length_figure, rates_over_length
from lh_eval.statistics import mean_of_rates

NAMES = ("dense", "norm k=256", "norm k=2048", "qk k=256", "qk k=2048")


@pytest.fixture
def cells(make_cells, make_settings):
    return make_settings({name: make_cells(rate=lambda length, depth: depth / 100) for name in NAMES})


def test_a_line_is_the_mean_over_depths_with_its_interval(make_cells):
    rates = rates_over_length(make_cells(rate=lambda length, depth: depth / 100))
    mean = mean_of_rates([0, 5, 10], [10, 10, 10])
    assert rates.to_numpy().tolist() == [[length, mean.rate, *mean.interval] for length in (4096, 16384)]


def test_a_panel_a_scorer_each_with_dense_on_one_scale(cells):
    figure = length_figure(cells, width="double")
    assert [axes.get_title() for axes in figure.axes] == ["norm", "qk"]
    for axes, scorer in zip(figure.axes, ("norm", "qk"), strict=True):
        assert [line.get_label() for line in axes.lines] == ["dense", f"{scorer} k=256", f"{scorer} k=2048"]
        assert len(axes.collections) == 3  # bands
        assert axes.get_ylim() == (-0.04, 1.04)


def test_panels_that_do_not_fit_are_in_even_rows(make_cells, make_settings):
    cells = make_settings({name: make_cells() for name in ("dense", *(f"{scorer} k=256" for scorer in "abcd"))})
    figure = length_figure(cells, width="double")
    figure.draw_without_rendering()
    corners = [axes.get_position() for axes in figure.axes]
    assert [len({round(getattr(corner, end), 3) for corner in corners}) for end in ("x0", "y0")] == [2, 2]


def test_settings_differ_in_shade_by_budget_and_in_marker_by_scorer(cells):
    norm, qk = length_figure(cells, width="double").axes
    (_, small, large), (_, other, _) = norm.lines, qk.lines
    assert small.get_color() == other.get_color() != large.get_color()
    assert small.get_marker() == large.get_marker() != other.get_marker()
    assert small.get_linestyle() != other.get_linestyle()


@pytest.mark.parametrize("width", ["single", "double", 2.5])
@pytest.mark.parametrize(
    "names", [("dense",), NAMES, ("dense", *(f"{s} k={2**i}" for s in "abc" for i in range(8, 12)))]
)
def test_nothing_leaves_the_page_or_overlaps(make_cells, make_settings, assert_readable, names, width):
    lengths = [1024 * 2**i for i in range(7)]
    cells = make_settings({name: make_cells(lengths) for name in names})
    figure = length_figure(cells, title="keyed, lh-passkey", width=width)
    assert_readable(figure)
    assert figure.get_figwidth() == {"single": 3.25, "double": 6.75}.get(width, width)


def test_no_cells_are_refused(cells):
    with pytest.raises(InputError, match="cells must be at least one"):
        length_figure(cells.iloc[:0])
