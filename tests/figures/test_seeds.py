import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.figures.seeds import seeds_figure, spread_figure

LENGTHS = (4096, 8192, 16384, 32768, 65536)
DEPTHS = (0.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0)


@pytest.fixture
def make_trainings(make_cells):
    """Cells of trainings, each a recipe and a seed."""

    def make(trainings, lengths=LENGTHS, depths=DEPTHS):
        tables = [make_cells(lengths, depths).assign(recipe=recipe, seed=seed) for recipe, seed in trainings]
        return pd.concat(tables, ignore_index=True)

    return make


def panels(figure):
    """Names of the panels without their means, by their left and upper edges in inches."""
    width, height = figure.get_size_inches()
    return {
        (round(axes.get_position().x0 * width, 2), round(axes.get_position().y1 * height, 2)): axes.get_title()
        for axes in figure.axes
        if axes.get_title()
    }


def written(figure):
    return [text.get_text() for text in figure.texts if text.get_fontweight() == "bold"]


def test_seeds_are_columns_and_a_training_that_is_missing_leaves_its_place(make_trainings, assert_readable):
    trainings = [("norm", 0), ("norm", 1), ("norm", 2), ("qk", 0), ("qk", 2)]
    figure = seeds_figure(make_trainings(trainings), title="passkey", width="double")
    assert_readable(figure)
    assert written(figure) == ["norm", "qk"]
    found = panels(figure)
    assert list(found.values()) == [f"seed {seed} (0.50)" for seed in (0, 1, 2, 0, 2)]
    lefts = [left for left, _ in found]
    assert lefts[:3] == sorted(set(lefts))
    assert lefts[3:] == [lefts[0], lefts[2]]


def test_in_a_column_of_a_paper_equal_seeds_stand_side_by_side_with_their_numbers(make_trainings, assert_readable):
    trainings = [(recipe, seed) for recipe in ("norm-k256", "qk-k256") for seed in (0, 1, 2)]
    figure = seeds_figure(make_trainings(trainings), title="passkey", width="single")
    assert_readable(figure)
    assert figure.get_size_inches()[0] == 3.25
    assert written(figure) == ["seed 0", "seed 1", "seed 2"]
    assert list(panels(figure).values()) == ["norm-k256 (0.50)", "qk-k256 (0.50)"] * 3
    axes = figure.axes[0]
    assert {text.get_text() for text in axes.texts} == {".50"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4K", "8K", "16K", "32K", "64K"]


def test_many_seeds_go_on_below_and_stay_on_the_page(make_trainings, assert_readable):
    trainings = [(recipe, seed) for recipe in ("norm", "qk") for seed in range(8)]
    figure = seeds_figure(make_trainings(trainings), width="single")
    assert_readable(figure)
    assert figure.get_figheight() <= 9 + 1e-6
    assert len(panels(figure)) == 16
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_a_cell_has_the_mean_over_seeds_and_their_standard_deviation(make_cells, assert_readable):
    tables = [
        make_cells(LENGTHS, DEPTHS).assign(recipe="norm", seeds=3, sd=0.25, mean_sd=0.125),
        make_cells(LENGTHS, DEPTHS).assign(recipe="qk", seeds=3, sd=0.0, mean_sd=0.0),
        make_cells(LENGTHS, DEPTHS).assign(recipe="alone", seeds=1, sd=float("nan"), mean_sd=float("nan")),
    ]
    figure = spread_figure(pd.concat(tables, ignore_index=True), title="passkey", width="single")
    assert_readable(figure)
    assert list(panels(figure).values()) == ["norm (0.50 ±0.12)", "qk (0.50 ±0)", "alone (0.50)"]
    drawn = [{text.get_text() for text in axes.texts} for axes in figure.axes if axes.get_title()]
    assert drawn == [{"0.50", "±0.25"}, {"0.50", "±0"}, {"0.50"}]


@pytest.mark.parametrize("draw", [seeds_figure, spread_figure])
def test_nothing_to_draw_is_refused(make_trainings, draw):
    with pytest.raises(InputError, match="must be at least one, got none"):
        draw(make_trainings([("norm", 0)]).iloc[:0])
