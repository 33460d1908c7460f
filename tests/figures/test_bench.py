import itertools

import pandas as pd
import pytest
from matplotlib.text import Text

from lh_eval import InputError
from lh_eval.figures.bench import bench_figure
from lh_eval.figures.style import save

LENGTHS = (8192, 32768, 131072, 524288, 1048576)
STAGES = {"pool+score": 0.5, "select": 0.2, "gather": 0.1, "attend": 1.0, "scatter": 0.2}
BACKWARD = {"scatter backward": 0.2, "attend backward": 2.0, "gather backward": 0.4}


@pytest.fixture
def make_rows():
    """Dense attention is quadratic; Lighthouse is as fast at k tokens, whatever N."""

    def make(*, budgets=(16384, 65536), lengths=LENGTHS, modes=("fwd", "fwd+bwd"), providers=("lighthouse",)):
        rows = []
        for mode in modes:
            stages = STAGES if mode == "fwd" else STAGES | BACKWARD
            for length in lengths:
                rows.append((("sdpa", mode, length, None), length**2 / 1e8, {}))
                for k in budgets:
                    for provider in providers:
                        rows.append(((provider, mode, length, k), k**2 / 1e8, stages))
                    rows.append((("sdpa-on-S", mode, length, k), k**2 / 2e8, {}))
        records = [(*key, ms, stages) for key, ms, stages in rows]
        frame = pd.DataFrame(records, columns=["provider", "mode", "N", "k", "ms", "stages"])
        return frame.astype({"k": "Int64"})

    return make


def notes(axes):
    return [text.get_text() for text in axes.texts]


def test_a_panel_a_mode_and_the_stages_below(make_rows):
    figure = bench_figure(make_rows(), title="card")
    assert [axes.get_title() for axes in figure.axes] == ["forward", "", "forward + backward", ""]
    assert [len(axes.patches) for axes in figure.axes] == [0, 5 * 2 * 5, 0, 5 * 2 * 8]
    assert [text.get_text() for text in figure.texts] == ["card"]


def test_on_a_column_modes_are_beneath_one_another_and_a_page_holds_them(make_rows):
    figure = bench_figure(make_rows(budgets=(16384, 32768, 65536)), title="card", width="single")
    assert figure.get_size_inches().tolist() == [3.25, pytest.approx(7.8, abs=0.2)]
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    forward, stages, backward, later = boxes
    legend, colours = (each.get_window_extent() for each in figure.legends)
    order = [forward, backward, legend, stages, later, colours]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in itertools.pairwise(order))
    assert all(box.x0 >= 0 and box.x1 <= 3.25 * figure.dpi for box in order)


def test_crossovers_are_written_and_marked(make_rows):
    times = bench_figure(make_rows()).axes[0]
    assert notes(times) == [
        "lighthouse, k=16384: faster than sdpa from 16K",
        "lighthouse, k=65536: faster than sdpa from 64K",
    ]
    marks = [
        line.get_xydata()[0] for line in times.lines if line.get_fillstyle() == "full" and len(line.get_xdata()) == 1
    ]
    assert [tuple(mark) for mark in marks] == [pytest.approx((k, k**2 / 1e8)) for k in (16384, 65536)]
    assert len(times.collections) == 2


def test_no_mark_where_the_lines_do_not_cross(make_rows):
    times = bench_figure(make_rows(budgets=(4096, 2**21))).axes[0]
    assert notes(times) == [
        "lighthouse, k=4096: faster than sdpa from 8K or less",
        "lighthouse, k=2097152: slower than sdpa as far as measured",
    ]
    assert not times.collections


def test_without_dense_there_is_nothing_to_cross(make_rows):
    rows = make_rows()
    times = bench_figure(rows[rows["provider"] != "sdpa"]).axes[0]
    assert not times.texts
    assert len(times.lines) == 4


def test_without_stages_there_are_only_times(make_rows):
    rows = make_rows()
    figure = bench_figure(rows[rows["provider"] == "sdpa"])
    assert [axes.get_title() for axes in figure.axes] == ["forward", "forward + backward"]


def test_bars_show_shares_and_their_sum(make_rows):
    bars = bench_figure(make_rows(budgets=(16384,), lengths=(8192,), modes=("fwd",))).axes[1]
    assert sum(patch.get_height() for patch in bars.patches) == pytest.approx(1)
    assert bars.patches[3].get_height() == pytest.approx(0.5)
    assert notes(bars) == ["2", "k=16384"]


def test_backward_is_the_stages_colour_hatched(make_rows):
    bars = bench_figure(make_rows(budgets=(16384,), lengths=(8192,), modes=("fwd+bwd",))).axes[1]
    attend, backward = bars.patches[3], bars.patches[6]
    assert attend.get_facecolor() == backward.get_facecolor()
    assert (attend.get_hatch(), backward.get_hatch()) == (None, "////")


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"budgets": (512, 2048, 8192)},
        {"budgets": (512,), "lengths": (4096,)},
        {"modes": ("fwd+bwd",), "providers": ("lighthouse", "lighthouse-reference")},
    ],
)
def test_nothing_leaves_the_page_or_overlaps(make_rows, shape):
    figure = bench_figure(make_rows(**shape), title="NVIDIA H100 80GB HBM3, bfloat16, " * 4)
    figure.canvas.draw()
    assert figure.get_size_inches()[0] == pytest.approx(6.75)
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text() and text.get_visible()) >= 6
    page = figure.bbox
    boxes = [axes.get_tightbbox() for axes in figure.axes] + [legend.get_window_extent() for legend in figure.legends]
    for box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    for axes in figure.axes:
        words = [text.get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(words) for b in words[i + 1 :])


def test_times_within_a_decade_are_labelled_and_stay_on_the_page(make_rows):
    rows = make_rows(lengths=(4096,), modes=("fwd",))
    rows["ms"] = [33.0 + 24 * i / len(rows) for i in range(len(rows))]
    figure = bench_figure(rows)
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels(minor=True)]
    assert {"40", "50"} <= set(labels)
    assert figure.axes[0].get_tightbbox().x0 >= figure.bbox.x0


def test_it_is_saved_like_every_figure(make_rows, tmp_path):
    first, second = (save(bench_figure(make_rows()), tmp_path / name)[0].read_bytes() for name in "ab")
    assert first == second


def test_no_rows_are_refused(make_rows):
    with pytest.raises(InputError, match="rows must be at least one"):
        bench_figure(make_rows().iloc[:0])
