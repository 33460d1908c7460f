import pytest

from lh_eval import InputError
from lh_eval.figures.heatmap import heatmap


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_depth_runs_down_and_length_across(make_cells):
    axes = heatmap(make_cells(lengths=(16384, 4096), depths=(100.0, 0.0, 33.3))).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4K", "16K"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "33.3", "100"]
    bottom, top = axes.get_ylim()
    assert top < bottom  # row 0 on top


def test_each_cell_has_its_rate_and_n_at_its_place(make_cells):
    cells = make_cells(rate=lambda length, depth: length / 2**15 + depth / 1000)
    axes = heatmap(cells).axes[0]
    placed = {(int(text.get_position()[0]), int(text.get_position()[1]), text.get_text()) for text in axes.texts}
    for x, length in enumerate((4096, 16384)):
        for y, depth in enumerate((0, 50, 100)):
            assert (x, y, f"{length / 2**15 + depth / 1000:.2f}") in placed
            assert (x, y, "n=10") in placed


def test_the_scale_is_fixed(make_cells):
    for rate in (0.4, 1.0):
        axes = heatmap(make_cells(rate=lambda length, depth, rate=rate: rate)).axes[0]
        assert axes.collections[0].get_clim() == (0.0, 1.0)


def test_the_palette_is_ordered_in_grey_and_its_text_legible(make_cells):
    """Luminance rises with the rate, and each rate is written at a contrast of 4.5 (WCAG AA) or more."""
    from matplotlib.colors import to_rgb

    steps = [step / 50 for step in range(51)]
    cells = make_cells(lengths=(1024,), depths=tuple(map(float, range(51))), rate=lambda length, depth: depth / 50)
    figure = heatmap(cells)
    figure.canvas.draw()
    axes = figure.axes[0]
    colours = axes.collections[0].get_facecolors()

    def luminance(rgb):
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb[:3]]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    grounds = [luminance(colour) for colour in colours]
    assert grounds == sorted(grounds)
    rates = {text.get_text(): text for text in axes.texts if not text.get_text().startswith("n=")}
    for step, ground in zip(steps, grounds, strict=True):
        ink = luminance(to_rgb(rates[f"{step:.2f}"].get_color()))
        assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5


def test_a_cell_without_samples_is_hatched_and_has_a_dash(make_cells):
    def rate(length, depth):
        return None if (length, depth) == (4096, 50.0) else 0.5

    cells = make_cells(rate=rate)
    for table in (cells, cells[cells["n"] > 0]):  # counted as empty, or not there at all
        axes = heatmap(table).axes[0]
        assert texts(axes).count("–") == 1
        assert texts(axes).count("n=10") == 5
        hatched = [patch for patch in axes.patches if patch.get_hatch()]
        assert [patch.get_xy() for patch in hatched] == [(0, 1)]


def test_the_title_has_the_mean_over_cells(make_cells):
    cells = make_cells(rate=lambda length, depth: None if depth == 0 else depth / 100)
    assert [text.get_text() for text in heatmap(cells, title="passkey, dense").texts] == ["passkey, dense: mean 0.75"]
    none = make_cells(rate=lambda length, depth: None)
    assert [text.get_text() for text in heatmap(none).texts] == ["no samples"]


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("columns", [1, 2, 4, 6, 7])
def test_nothing_leaves_the_page_or_its_cell(make_cells, width, columns):
    lengths = tuple(8192 * 2**i for i in range(columns))
    depths = (0.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0)
    figure = heatmap(make_cells(lengths, depths, n=1000), title="keyed:records=8, qk:dilation=8 " * 3, width=width)
    figure.canvas.draw()
    page = figure.bbox
    for text in figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_text()):
        box = text.get_window_extent()
        assert page.x0 <= box.x0, text.get_text()
        assert box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0, text.get_text()
        assert box.y1 <= page.y1, text.get_text()
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / columns
    assert max(text.get_window_extent().width for text in axes.texts) < cell


def test_no_cells_are_refused(make_cells):
    with pytest.raises(InputError, match="cells must be at least one"):
        heatmap(make_cells().iloc[:0])


DEPTHS = (0.0, 15.0, 33.333, 50.0, 70.0, 85.0, 100.0)
ODD = (16000, 32000, 64000, 100000, 131000)
LONG = tuple(4096 * 2**i for i in range(8))


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize(("lengths", "depths"), [(ODD, 1), (LONG, 2), (ODD, 3), (LONG, 7)])
def test_labels_of_any_grid_are_apart(make_cells, assert_readable, lengths, depths, width):
    assert_readable(heatmap(make_cells(lengths, DEPTHS[-depths:]), title="passkey, dense", width=width))


def test_cells_whose_needle_starts_in_the_prefix_hole_have_a_mark(make_cells):
    from matplotlib.patches import Polygon

    cells = make_cells()
    plain = heatmap(cells).axes[0]
    assert not [patch for patch in plain.patches if type(patch) is Polygon]
    marked = heatmap(cells.assign(prefix_hole=[15 if depth == 0 else 0 for depth in cells["depth"]])).axes[0]
    corners = [patch.get_xy()[0].astype(int).tolist() for patch in marked.patches if type(patch) is Polygon]
    assert corners == [[0, 0], [1, 0]]
