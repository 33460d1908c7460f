"""Two instruct models side by side: README's three commands and the notebook's cells, as printed, on tiny ones."""

import json
import re
import shlex
from pathlib import Path

import pytest
from instruct import instruct

from lh_eval.cli.app import main

ROOT = Path(__file__).parents[1]


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Two models of other weights and templates, where the page says that they lie."""
    monkeypatch.chdir(tmp_path)
    instruct(tmp_path / "path/to/one", name="User")
    instruct(tmp_path / "path/to/two", name="Human says ", num_hidden_layers=3)


def test_readme_s_three_commands(models, capsys):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"<!-- command: two models -->\n```bash\n(.*?)```", readme, re.DOTALL)[1].splitlines()
    assert len(lines) == 3
    for line in lines:
        smaller = line.replace("--lengths 1k,4k", "--lengths 700 --depths 50 --trials 2 --device cpu")
        assert main(shlex.split(smaller)[1:]) == 0
    out = capsys.readouterr().out
    assert "paired by what is asked" in out
    assert all((Path("runs/one-two") / name).exists() for name in ("difference.png", "difference.pdf", "table.csv"))
    assert json.loads(Path("runs/one-two/comparison.json").read_text())["overall"]["pairs"] == 2
    templates = [
        json.loads(Path(f"runs/{name}/config.json").read_text())["prompt"]["template"] for name in ("one", "two")
    ]
    assert "User" in templates[0]
    assert "Human says" in templates[1]
    assert main(shlex.split(re.search(r"`lh-eval (heatmap runs/one runs/two [^`]*)`", readme)[1])) == 0
    assert Path("both.pdf").exists()


def test_the_notebook_s_cells(models, capsys):
    notebook = json.loads((ROOT / "docs" / "two-models.ipynb").read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert not any(cell.get("outputs") for cell in notebook["cells"]), "without what a run left in it"
    scope = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            exec(
                source.replace("(1024, 4096)", "(700,)")
                .replace("(0, 50, 100)", "(50,)")
                .replace("trials=5", "trials=2"),
                scope,
            )
    assert scope["figure"].exists()
    assert len(scope["compared"].cells) == 1
    assert "paired by what is asked" in capsys.readouterr().out
