"""The figures of a grid and what their captions say."""

import pytest
from tiny_grid import write_grid

from lh_eval.statistics import mcnemar_exact
from lh_eval.studies.grid.figures import write_figures
from lh_eval.studies.grid.trainings import Grid, read_grid

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("few_resamples")]


def test_figures_have_captions_and_differences_shared_seeds(tiny_grid, tmp_path):
    both = read_grid(tiny_grid)
    keyed = {key: rows for key, rows in both.samples.items() if key[1] == "keyed"}
    found = write_figures(Grid(both.trainings, keyed), tmp_path)
    kinds = [
        "length",
        "heatmap-l3",
        "two-stages-less-dense-l3",
        "heatmap-l5",
        "two-stages-less-dense-l5",
        "qk-less-norm",
    ]
    stems = [*(f"{kind}-keyed" for kind in kinds), "loss-against-retrieval"]
    assert [path.name for path in found] == [f"{stem}.{kind}" for stem in stems for kind in ("png", "pdf", "txt")]
    assert "dense: 0 (" in (tmp_path / "heatmap-l5-keyed.txt").read_text()
    matched = (tmp_path / "two-stages-less-dense-l5-keyed.txt").read_text()
    assert "; 3 samples per cell" in matched
    assert ", 1 (" not in matched  # seed 1 has no training with L = 5
    assert "Framed, 0 of 8 cells" in matched  # three prompts a cell are too few for any
    pooled = (tmp_path / "length-keyed.txt").read_text()
    assert "Intervals pool the samples of a recipe's trainings" in pooled
    assert "Each training's mean: dense 0.67, 0.67; norm k=256 L=3 0.33, 0.33" in pooled
    assert "over 5 pairs of trainings" in (tmp_path / "qk-less-norm-keyed.txt").read_text()
    assert "dense, seed 0: 0.500, keyed 0.67 (" in (tmp_path / "loss-against-retrieval.txt").read_text()


def caption_alone(figure, stem, *, caption):
    """What `save` writes of a figure that was not drawn."""
    stem.with_name(f"{stem.name}.txt").write_text(caption)
    return []


def test_cells_that_differ_are_framed_after_holm_over_the_figure(tmp_path, monkeypatch):
    """Ten prompts gained in one of four cells: p is 0.002, and four times that."""

    def right(recipe, seed, task, length, depth):
        return float(recipe == "norm-k256" and (length, depth) == (8192, 100))

    drawn = []
    monkeypatch.setattr("lh_eval.studies.grid.figures.sweep_figure", lambda cells, **_: drawn.append(cells))
    monkeypatch.setattr("lh_eval.studies.grid.figures.save", caption_alone)
    grid = write_grid(tmp_path / "grid", right, recipes=["dense", "norm-k256"], seeds=[0], trials=10)
    write_figures(read_grid(grid), tmp_path)
    assert "Framed, 1 of 4 cells" in (tmp_path / "two-stages-less-dense-l3-keyed.txt").read_text()
    cells = drawn[1].set_index(["setting", "length", "depth"])["p_holm"]
    assert cells["norm k=256 L=3", 8192, 100] == pytest.approx(4 * mcnemar_exact(10, 0))
    assert cells["norm k=256 L=3", 4096, 100] == 1
    assert cells["dense"].isna().all()
