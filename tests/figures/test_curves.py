import itertools

import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.figures.curve_panels import seed_band, shared_spans
from lh_eval.figures.curves import curves_figure

STAGES = (("lighthouse", 256, 10), ("lighthouse", 1024, 10), ("dense", 1024, 20))
DENSE = (("dense", 256, 10), ("dense", 1024, 30))


@pytest.fixture
def make_rows():
    """Rows of runs, named RECIPE-sSEED, a step 20 and a thousand tokens a row; losses grow with the run's number."""

    def make(runs, columns=("text", "keyed"), *, loss=lambda number, step, attention: 1.0 + number + 20 / step):
        tables = []
        for number, (run, parts) in enumerate(runs.items()):
            rows = pd.DataFrame(
                [(attention, length) for attention, length, count in parts for _ in range(count)],
                columns=["attention", "length"],
            )
            step = 20 * (rows.index + 1)
            changed = rows["attention"] != rows["attention"].shift()
            rows = rows.assign(run=run, recipe=run.rpartition("-")[0], step=step, tokens=50 * step)
            rows["stage"] = changed.cumsum()
            rows["part"] = (changed | (rows["length"] != rows["length"].shift())).cumsum()
            for column in columns:
                rows[column] = [loss(number, s, a) for s, a in zip(step, rows["attention"], strict=True)]
            tables.append(rows)
        return pd.concat(tables, ignore_index=True)

    return make


def switches_of(rows, columns=("text", "keyed"), recovery=60):
    switched = rows[rows["stage"] == 1].groupby("run")["step"].max()
    runs = [run for run in rows["run"].unique() if (rows["stage"][rows["run"] == run] > 1).any()]
    found = [(run, column, switched[run], 2.0, recovery) for run in runs for column in columns]
    frame = pd.DataFrame(found, columns=["run", "column", "step", "before", "recovery"])
    return frame.astype({"recovery": "Int64"})


def test_a_line_is_the_mean_over_seeds_and_its_band_their_range(make_rows):
    rows = make_rows({"a-s0": STAGES, "a-s1": STAGES, "b-s0": STAGES})
    bands = seed_band(rows, "tokens", "text")
    assert list(bands) == ["a", "b"]
    assert bands["a"].iloc[0].tolist() == [1000, 2.5, 2.0, 3.0]
    assert bands["b"]["low"].tolist() == bands["b"]["high"].tolist()


def test_a_panel_a_loss_and_below_it_the_switch(make_rows):
    rows = make_rows({"a-s0": STAGES, "b-s0": STAGES})
    figure = curves_figure(rows, switches_of(rows), ["text", "keyed"], width=5)
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    assert labels == [
        ("tokens (millions)", "text (nats/byte)"),
        ("tokens (millions)", "keyed (nats/byte)"),
        ("steps after the switch", "text (nats/byte)"),
        ("steps after the switch", "keyed (nats/byte)"),
    ]
    assert figure.axes[0].get_xlim() == (0, 0.04)


def test_the_switch_is_drawn_from_before_it_to_well_after_the_recovery(make_rows):
    rows = make_rows({"a-s0": STAGES, "dense-s0": DENSE})
    _, close = curves_figure(rows, switches_of(rows, ["text"], recovery=200), ["text"], width=2).axes
    assert close.get_xlim() == pytest.approx((-0.4 * 320, 320))
    lines = {line.get_label(): line for line in close.lines}
    steps = lines["a"].get_xdata()
    assert (steps.min(), steps.max()) == (-120, 320)
    assert lines["a"].get_ydata()[list(steps).index(20)] == 1.0 + 20 / 420
    assert lines["dense"].get_xdata().tolist() == steps.tolist()  # beside the others, though it never switches
    (level,) = [c for c in close.collections if len(c.get_paths()[0].vertices) == 2]
    assert level.get_paths()[0].vertices.tolist() == [[0, 2], [320, 2]]


def test_one_that_does_not_come_back_is_shown_to_the_end(make_rows):
    rows = make_rows({"a-s0": STAGES})
    _, close = curves_figure(rows, switches_of(rows, ["text"], recovery=None), ["text"], width=2).axes
    assert close.get_xlim()[1] == 400


def test_a_run_that_never_switches_is_left_out_where_the_others_do_so_at_different_steps(make_rows):
    later = (("lighthouse", 256, 10), ("lighthouse", 1024, 20), ("dense", 1024, 10))
    rows = make_rows({"a-s0": STAGES, "b-s0": later, "dense-s0": DENSE})
    whole, close = curves_figure(rows, switches_of(rows, ["text"]), ["text"], width=2).axes
    assert {line.get_label() for line in whole.lines if line.get_label()[0] != "_"} == {"a", "b", "dense"}
    assert {line.get_label() for line in close.lines if line.get_label()[0] != "_"} == {"a", "b"}


def test_without_a_switch_there_is_no_panel_of_one(make_rows):
    rows = make_rows({"dense-s0": DENSE})
    assert len(curves_figure(rows, switches_of(rows), ["text", "keyed"]).axes) == 2


def test_a_loss_that_was_not_measured_on_both_sides_has_an_empty_panel(make_rows):
    rows = make_rows({"a-s0": STAGES})
    rows.loc[rows["stage"] == 2, "keyed"] = None
    figure = curves_figure(rows, switches_of(rows, ["text"]), ["text", "keyed"], width=5)
    assert [axes.axison for axes in figure.axes] == [True, True, True, False]


def test_switches_are_lines_and_lengths_are_stripes(make_rows):
    rows = make_rows({"a-s0": STAGES, "dense-s0": DENSE})
    whole = curves_figure(rows, switches_of(rows), ["text"], width="single").axes[0]
    assert [line.get_xdata()[0] for line in whole.lines if list(line.get_ydata()) == [0, 1]] == [0.02]
    (stripe,) = whole.patches
    assert (stripe.get_x(), stripe.get_width()) == pytest.approx((0.01, 0.03))
    assert [text.get_text() for text in whole.texts] == ["256", "1K", "lighthouse", "dense"]


def test_lengths_that_are_not_shared_are_marked_for_each_recipe(make_rows):
    rows = make_rows({"a-s0": STAGES, "b-s0": (("dense", 512, 40),), "c-s0": DENSE[:1]})
    assert shared_spans(rows, "length") is None
    whole = curves_figure(rows, switches_of(rows), ["text"], width="single").axes[0]
    assert not whole.patches
    assert [line.get_xdata()[0] for line in whole.lines if line.get_marker() == "|"] == [0.01]


def test_a_run_that_was_stopped_agrees_as_far_as_it_goes(make_rows):
    rows = make_rows({"a-s0": STAGES[:1], "b-s0": STAGES})
    assert shared_spans(rows, "length") == [(0, 10_000, 256), (10_000, 40_000, 1024)]


def test_recipes_differ_in_colour_and_marker_and_dense_looks_as_elsewhere(make_rows):
    names = ["dense-s0", *(f"r{i}-s0" for i in range(8))]
    rows = make_rows({name: DENSE if name == "dense-s0" else STAGES for name in names})
    figure = curves_figure(rows, switches_of(rows), ["text"], width="single")
    assert len(figure.axes) == 9  # a panel each, dense in all, and the switch
    assert [len(axes.collections) for axes in figure.axes[:8]] == [2] * 8  # bands
    lines = [line for axes in figure.axes[:8] for line in axes.lines if line.get_label()[0] != "_"]
    assert [line.get_label() for line in lines[:4]] == ["dense", "r0", "dense", "r1"]
    lines = lines[:1] + lines[1::2]
    assert (lines[0].get_color(), lines[0].get_marker()) == ("#b3362a", "*")
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 9
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == 9


def test_more_than_a_decade_is_logarithmic_and_a_linear_axis_leaves_the_start_out(make_rows):
    rows = make_rows({"a-s0": STAGES}, loss=lambda number, step, attention: 40 / step**1.5)
    assert curves_figure(rows, switches_of(rows), ["text"], width="single").axes[0].get_yscale() == "log"
    rows = make_rows({"a-s0": STAGES}, loss=lambda number, step, attention: 5.0 if step <= 40 else 1.0 + 1 / step)
    whole = curves_figure(rows, switches_of(rows), ["text"], width="single").axes[0]
    assert whole.get_yscale() == "linear"
    assert whole.get_ylim()[1] < 1.1


@pytest.mark.parametrize(
    ("width", "count"),
    [
        ("single", 7),
        (2.0, 1),
        *(
            pytest.param(width, count, marks=pytest.mark.long)
            for width, count in [("single", 1), (2.0, 7), ("double", 1), ("double", 7), (2.6, 1), (2.6, 7)]
        ),
    ],
)
def test_it_is_readable(make_rows, assert_readable, width, count):
    columns = ["held_out", "keyed", "copy"]
    runs = itertools.product(range(count), range(2))
    rows = make_rows({f"norm-k{256 + i}-s{seed}": STAGES for i, seed in runs}, columns)
    assert_readable(curves_figure(rows, switches_of(rows, columns), columns, title="trainings", width=width))


def test_no_rows_are_refused(make_rows):
    rows = make_rows({"a-s0": STAGES})
    with pytest.raises(InputError, match="rows must be at least one"):
        curves_figure(rows.iloc[:0], switches_of(rows), ["text"])
