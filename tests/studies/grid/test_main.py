"""The tables and figures of a whole grid, and the page that shows them."""

import random
import shutil

import pytest
from tiny_grid import write_grid

from lh_eval.studies.command import run
from lh_eval.studies.grid.__main__ import grid, make_tables
from lh_eval.studies.grid.trainings import read_grid

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("few_resamples")]

NAMES = ["table", "claims", "against-dense", "lengths", "lighthouse", "losses"]


def write(folder, into):
    """The tables of a grid."""
    for name, table in make_tables(read_grid(folder)).items():
        table.write(into, name)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def written(tiny_grid, tmp_path_factory, few_resamples):
    folder = tmp_path_factory.mktemp("written")
    write(tiny_grid, folder)
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
    write(tmp_path / "grid", tmp_path / "tables")
    assert files(tmp_path / "tables") == written


def test_the_command_fills_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("lh_eval.studies.grid.__main__.write_figures", lambda *_: [])
    write_grid(tmp_path / "grid", lambda *_: 0.5, recipes=["dense", "qk-k256"], seeds=[0])
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- grid: lengths -->\n\n<!-- /grid -->\nafter\n")
    grid(tmp_path / "grid", page)
    table = (tmp_path / "grid" / "lengths.md").read_text()
    assert page.read_text() == f"before\n<!-- grid: lengths -->\n{table}<!-- /grid -->\nafter\n"
    assert capsys.readouterr().out.splitlines()[-1] == str(page)
    with pytest.raises(SystemExit, match="2"):
        run(grid, [str(tmp_path / "nothing"), "--page", str(page)])
    assert capsys.readouterr().err.startswith("grid: error: grid must hold training/<name>/train.json, got ")
