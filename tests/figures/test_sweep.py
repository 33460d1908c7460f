import pytest
from matplotlib.colors import to_rgb

from lh_eval import InputError
from lh_eval.figures.sweep import sweep_figure

LENGTHS = (4096, 8192, 16384, 32768, 65536, 131072, 262144)
ODD = (16000, 32000, 64000, 100000, 131000)
DEPTHS = (0.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0)


def panels(figure, scale):
    """Axes of cells with that colour scale; a colour bar has no text in it."""
    low = {"rate": lambda end: end == 0, "difference": lambda end: end < 0}[scale]
    return [axes for axes in figure.axes if axes.texts and low(axes.collections[0].get_clim()[0])]


def matrix(figure):
    """The headings of the panels with what each is in inches from the left and the bottom."""
    width, height = figure.get_size_inches()
    panels = [axes for axes in figure.axes if axes.get_title()]
    return [(axes.get_title(), axes.get_position().x0 * width, axes.get_position().y0 * height) for axes in panels]


def text_of(axes):
    return {text.get_text() for text in axes.texts}


def test_scorers_are_rows_and_budgets_columns(make_cells, make_settings):
    names = ("norm k=2048", "dense", "norm k=512", "qk k=512", "qk k=2048")
    figure = sweep_figure(make_settings({name: make_cells() for name in names}))
    (dense, *_), *rest = matrix(figure)
    assert dense == "dense (0.50)"
    assert [heading for heading, *_ in rest] == ["k=512 (0.50)", "k=2048 (0.50)"] * 2
    (_, a, up), (_, b, level), (_, c, down), (_, d, low) = rest
    assert a == c < b == d
    assert up == level > down == low
    written = [text.get_text() for text in figure.texts]
    assert written[:2] == ["norm", "qk"]


def test_dense_stands_beside_or_above_where_the_page_is_narrow(make_cells, make_settings):
    cells = make_settings({name: make_cells() for name in ("dense", *(f"norm k={2**i}" for i in range(8, 12)))})
    for width, above in (("double", False), ("single", True)):
        (_, left, bottom), *rest = matrix(sweep_figure(cells, width=width))
        assert all(left < x for _, x, _ in rest) != above
        assert all(bottom > y for _, _, y in rest) == above


def test_differences_are_to_dense_with_their_sign(make_cells, make_settings):
    worse = make_cells(rate=lambda length, depth: {0.0: 0.5, 50.0: 0.2, 100.0: 0.9}[depth])
    cells = make_settings({"dense": make_cells(), "norm k=512": worse})
    figure = sweep_figure(cells, difference=True)
    (axes,) = panels(figure, "difference")
    by_row = {int(text.get_position()[1]): text.get_text() for text in axes.texts}
    assert by_row == {0: "0", 1: "−0.30", 2: "+0.40"}
    assert axes.get_title() == "k=512 (+0.03)"
    assert axes.collections[0].get_clim() == (-0.5, 0.5)  # the least scale that holds them
    hatched = {int(patch.get_y()) for patch in axes.patches if patch.get_hatch()}
    assert hatched == {1}  # which grey tells from the others
    (dense,) = panels(figure, "rate")
    assert text_of(dense) == {"0.50"}
    assert len([axes for axes in figure.axes if axes.get_ylabel() in ("retrieval rate", "difference to dense")]) == 2


@pytest.mark.parametrize(("lengths", "rates", "changes"), [
    (2, {"0.00", "0.25", "1.00"}, {"0", "+0.25", "+1.00"}),
    (5, {"0", ".25", "1.0"}, {"0", "+"}),
    (7, set(), {"0", "+"} - {"0"}),
])  # fmt: skip
def test_numbers_are_short_or_left_out_where_cells_are_narrow_but_not_signs(
    make_cells, make_settings, lengths, rates, changes
):
    ours = make_cells(LENGTHS[:lengths], DEPTHS, rate=lambda length, depth: {0.0: 0.0, 100.0: 1.0}.get(depth, 0.25))
    nothing = make_cells(LENGTHS[:lengths], DEPTHS, rate=lambda length, depth: 0.0)
    cells = make_settings({"dense": nothing, **{f"norm k={2**i}": ours for i in range(8, 12)}})
    assert text_of(panels_of(sweep_figure(cells), "k=")[0]) == rates
    found = text_of(panels_of(sweep_figure(cells, difference=True), "k=")[0])
    assert {text for text in found if text != "0"} == {text for text in changes if text != "0"}


def test_equal_differences_are_written_alike(make_cells, make_settings):
    pairs = {0.0: (7 / 24, 4 / 24), 50.0: (4 / 24, 1 / 24), 100.0: (1.0, 21 / 24)}  # each differs by an eighth
    dense, other = (make_cells(rate=lambda length, depth, side=side: pairs[depth][side]) for side in (0, 1))
    (axes,) = panels(sweep_figure(make_settings({"dense": dense, "norm k=512": other}), difference=True), "difference")
    assert text_of(axes) == {"−0.12"}


def test_differences_that_are_significant_are_framed(make_cells, make_settings):
    cells = make_settings({name: make_cells() for name in ("dense", "norm k=512", "qk k=512")})
    here = (cells["setting"] == "qk k=512") & (cells["length"] == 16384) & (cells["depth"] == 50)
    cells["p_holm"] = here.map({True: 0.049, False: 0.05})
    cells.loc[cells["setting"] == "dense", "p_holm"] = float("nan")
    figure = sweep_figure(cells, difference=True)
    dense, norm, qk = (axes for axes in figure.axes if axes.get_title())
    assert not frames(dense)
    assert not frames(norm)
    assert frames(qk) == [(1, 1)]
    assert not any(frames(axes) for axes in sweep_figure(cells).axes)


def frames(axes):
    black = [patch for patch in axes.patches if to_rgb(patch.get_edgecolor()) == (0, 0, 0)]
    return [(int(patch.get_x()), int(patch.get_y())) for patch in black]


def panels_of(figure, heading):
    return [axes for axes in figure.axes if axes.get_title().startswith(heading)]


def test_differences_need_dense(make_cells, make_settings):
    for names in (("dense",), ("norm k=8", "qk k=8")):
        with pytest.raises(InputError, match="differences must be between dense"):
            sweep_figure(make_settings({name: make_cells() for name in names}), difference=True)


def test_cells_that_one_setting_lacks_are_missing(make_cells, make_settings):
    cells = make_settings({"dense": make_cells(), "norm k=8": make_cells(lengths=(4096,))})
    for difference in (False, True):
        (axes,) = panels_of(sweep_figure(cells, difference=difference), "k=")
        assert axes.get_xlim() == (0, 2)
        assert [text.get_text() for text in axes.texts].count("–") == 3


def test_nothing_measured_has_no_mean(make_cells, make_settings):
    cells = make_settings({"dense": make_cells(rate=lambda length, depth: None)})
    assert [heading for heading, *_ in matrix(sweep_figure(cells))] == ["dense –"]


def test_nothing_to_draw_is_refused(make_cells, make_settings):
    with pytest.raises(InputError, match="must be at least one, got none"):
        sweep_figure(make_settings({"dense": make_cells().iloc[:0]}))


SHAPES = [(1, 1, LENGTHS[:1], 1), (3, 4, LENGTHS[:5], 5), (2, 2, LENGTHS, 7), (1, 6, ODD, 3)]
SIZES = [("single", True), (5.1, False)]
FEW = [(*SIZES[0], *SHAPES[0]), (*SIZES[1], *SHAPES[0]), (*SIZES[0], *SHAPES[1]), (*SIZES[1], *SHAPES[3])]
REST = [case for size in SIZES for shape in SHAPES if (case := (*size, *shape)) not in FEW]


@pytest.mark.parametrize(
    ("width", "difference", "scorers", "budgets", "lengths", "depths"),
    [*FEW, *(pytest.param(*case, marks=pytest.mark.long) for case in REST)],
)
def test_any_sweep_fits_its_page(
    make_cells, make_settings, assert_readable, width, difference, scorers, budgets, lengths, depths
):
    names = [
        f"{scorer} k={256 * 2**i}" for scorer in ("qk:dilation=8", "norm", "random")[:scorers] for i in range(budgets)
    ]
    settings = {name: make_cells(lengths, DEPTHS[-depths:]) for name in ("dense", *names)}
    figure = sweep_figure(
        make_settings(settings), title="keyed:records=8, lh-passkey " * 5, difference=difference, width=width
    )
    assert_readable(figure)
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert len(figure.axes) == 1 + scorers * budgets + 1 + difference
    assert figure.get_figheight() <= 9 + 1e-6
    grids, bars = boxes[: -1 - difference], boxes[-1 - difference :]
    gap = min(bar.x0 for bar in bars) - max(box.x1 for box in grids)
    assert gap == pytest.approx(0.1 * figure.dpi, abs=1)
    assert all(len(axes.get_xticks()) == len(lengths) for axes in figure.axes[: len(grids)])


def test_a_colour_bar_stands_beside_the_panels_where_these_are_few(make_cells, make_settings):
    figure = sweep_figure(make_settings({"dense": make_cells(), "norm k=8": make_cells()}), width="double")
    dense, norm, bar = (axes.get_position() for axes in figure.axes)
    assert 0 < (bar.x0 - norm.x1) * 6.75 < 0.15
    left, right = dense.x0, 1 - bar.x1
    assert abs(left - right) * 6.75 < 0.2  # in the middle of the page
    assert (bar.y0, bar.y1) == pytest.approx((norm.y0, norm.y1))


def test_a_matrix_that_is_higher_than_a_page_is_broken_up(make_cells, make_settings):
    names = [f"scorer{i} k=512" for i in range(12)]
    figure = sweep_figure(make_settings({name: make_cells(LENGTHS[:2], DEPTHS) for name in names}))
    assert figure.get_figheight() <= 9
    assert len(matrix(figure)) == 12
    assert not [text for text in figure.texts if text.get_fontweight() == "bold"]


def test_settings_without_a_budget_are_named_by_their_line(make_cells, make_settings):
    figure = sweep_figure(make_settings({"first": make_cells(), "second": make_cells()}))
    assert [heading for heading, *_ in matrix(figure)] == ["(0.50)", "(0.50)"]
    assert [text.get_text() for text in figure.texts][:2] == ["first", "second"]


MIXED = ("dense", "window tokens=1024", "press:snapkv ratio=0.5", "pooled-qk k=512", "norm,num_levels=4 k=512")


@pytest.mark.parametrize(("width", "rows"), [("double", 1), ("single", 3)])
@pytest.mark.parametrize("difference", [False, True])
def test_budgets_of_different_kinds_follow_one_another_by_name(
    make_cells, make_settings, assert_readable, width, rows, difference
):
    cells = make_settings({name: make_cells(LENGTHS[:5], DEPTHS) for name in MIXED})
    figure = sweep_figure(cells, title="keyed, lh-passkey", width=width, difference=difference)
    assert_readable(figure)
    panels = matrix(figure)
    assert [" ".join(heading.split()).rpartition(" (")[0] or heading for heading, *_ in panels][:2] == list(MIXED[:2])
    assert len({round(bottom, 3) for *_, bottom in panels}) == rows
    assert panels[0][0].startswith("dense")


def test_names_are_on_one_line_where_they_fit(make_cells, make_settings):
    cells = make_settings({name: make_cells(LENGTHS[:5]) for name in ("dense", "window tokens=64", "qk k=8")})
    headings = [heading for heading, *_ in matrix(sweep_figure(cells))]
    assert headings == ["dense (0.50)", "window tokens=64 (0.50)", "qk k=8 (0.50)"]


def test_a_name_that_is_wider_than_the_page_is_shortened(make_cells, make_settings, assert_readable):
    name = "press:" + "very-long-name-" * 8
    figure = sweep_figure(
        make_settings({"dense": make_cells(), f"{name} ratio=0.5": make_cells(), "qk k=8": make_cells()}),
        width="single",
    )
    assert_readable(figure)
    assert any("…" in heading for heading, *_ in matrix(figure))


def test_a_matrix_needs_one_family_with_every_budget(make_cells, make_settings):
    for names, families in ((("norm k=1", "norm k=2", "qk k=2"), ["norm", "qk"]), (("norm k=1", "qk k=2"), [])):
        figure = sweep_figure(make_settings({name: make_cells() for name in ("dense", *names)}))
        assert [text.get_text() for text in figure.texts if text.get_fontweight() == "bold"] == families
