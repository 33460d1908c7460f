"""The tables and figures of a whole grid, and the page that shows them."""

import random
import shutil

import pytest
from grid import main, make_tables, write_tables
from grid_figures import write_figures
from grid_trainings import read_grid
from tiny_grid import write_grid

from lh_eval.statistics import mcnemar_exact

pytestmark = pytest.mark.usefixtures("few_resamples")

NAMES = ["table", "claims", "against-dense", "lengths", "lighthouse", "losses"]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def written(tiny_grid, tmp_path_factory, few_resamples):
    folder = tmp_path_factory.mktemp("written")
    write_tables(make_tables(read_grid(tiny_grid)), folder)
    return files(folder)


def test_every_table_in_every_format(written):
    tested = [f"{name}-{by}" for name in ("claims", "against-dense") for by in ("prompts", "trainings")]
    tex = ["table", "lengths", "lighthouse", "losses", *tested]
    expected = [f"{name}.{kind}" for name in NAMES for kind in ("csv", "md")] + [f"{name}.tex" for name in tex]
    assert sorted(written) == sorted(expected)


def test_the_same_rows_give_the_same_bytes_whatever_their_folders_are_called(tiny_grid, written, tmp_path):
    names = sorted(path.name for path in (tiny_grid / "training").iterdir())
    others = [f"run{i}" for i in range(len(names))]
    random.Random(0).shuffle(others)
    for folder in (path for path in tiny_grid.iterdir() if path.is_dir()):
        for name, other in zip(names, others, strict=True):
            shutil.copytree(folder / name, tmp_path / "grid" / folder.name / other)
    (tmp_path / "tables").mkdir()
    write_tables(make_tables(read_grid(tmp_path / "grid")), tmp_path / "tables")
    assert files(tmp_path / "tables") == written


def test_figures_have_captions_and_differences_shared_seeds(tiny_grid, tmp_path):
    keyed = [
        training._replace(runs={key: run for key, run in training.runs.items() if key[0] == "keyed"})
        for training in read_grid(tiny_grid)
    ]
    found = write_figures(keyed, tmp_path)
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
    monkeypatch.setattr("grid_figures.sweep_figure", lambda cells, **_: drawn.append(cells))
    monkeypatch.setattr("grid_figures.save", caption_alone)
    grid = write_grid(tmp_path / "grid", right, recipes=["dense", "norm-k256"], seeds=[0], trials=10)
    write_figures(read_grid(grid), tmp_path)
    assert "Framed, 1 of 4 cells" in (tmp_path / "two-stages-less-dense-l3-keyed.txt").read_text()
    cells = drawn[1].set_index(["setting", "length", "depth"])["p_holm"]
    assert cells["norm k=256 L=3", 8192, 100] == pytest.approx(4 * mcnemar_exact(10, 0))
    assert cells["norm k=256 L=3", 4096, 100] == 1
    assert cells["dense"].isna().all()


def test_the_command_fills_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("grid.write_figures", lambda *_: [])
    write_grid(tmp_path / "grid", lambda *_: 0.5, recipes=["dense", "qk-k256"], seeds=[0])
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- grid: lengths -->\n\n<!-- /grid -->\nafter\n")
    main([str(tmp_path / "grid"), "--page", str(page)])
    table = (tmp_path / "grid" / "lengths.md").read_text()
    assert page.read_text() == f"before\n<!-- grid: lengths -->\n{table}<!-- /grid -->\nafter\n"
    assert capsys.readouterr().out.splitlines()[-1] == str(page)
    with pytest.raises(SystemExit, match=r"grid\.py: error: grid must hold training"):
        main([str(tmp_path / "nothing"), "--page", str(page)])
