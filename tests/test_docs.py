"""What the documents say can be run, found and followed."""

import ast
import re
from pathlib import Path

import pytest

from lh_eval.methods.base import METHODS
from lh_eval.scorers.base import SCORERS
from lh_eval.scoring.base import SCORINGS
from lh_eval.tasks.base import TASKS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "outputs" / "README.md"])


def _blocks(document):
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_tests_exist(document):
    for path, name in re.findall(r"`(tests/[\w/.]+)::(\w+)`", document.read_text(encoding="utf-8")):
        functions = {
            node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)
        }
        assert name in functions, f"{path} has no {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_commands_that_ci_runs_are_there():
    for name in ("run", "test"):
        pattern = rf"<!-- command: {name} -->\n```bash\n([^\n]+)\n```"
        assert len(re.findall(pattern, (ROOT / "README.md").read_text(encoding="utf-8"))) == 1


def test_readme_snippets_run_as_printed_one_after_the_other(capsys):
    operator, model, rows = _blocks("README.md")
    scope = {}
    exec(operator, scope)
    shape, gathered = re.fullmatch(r"torch.Size\(\[1, 8, (\d+)\]\) (\d+)\n", capsys.readouterr().out).groups()
    assert shape == gathered
    exec(model, scope)
    assert scope["logits"].shape[:2] == scope["input_ids"].shape
    exec(rows, scope)
    assert scope["rows"].groupby("depth").size().tolist() == [2, 2, 2]
    assert scope["rows"]["error"].isna().all()


@pytest.mark.parametrize(
    ("registry", "name"), [(SCORERS, "peak"), (TASKS, "meeting"), (METHODS, "strided"), (SCORINGS, "ending")]
)
def test_skeletons(registry, name, monkeypatch):
    registry.names()
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    source, test = [block for block in _blocks("CONTRIBUTING.md") if re.search(rf"\b{name}\b", block)]
    exec(source, {"__name__": f"skeleton_{name}"})
    scope = {}
    exec(test, scope)
    for run in [value for key, value in scope.items() if key.startswith("test_")]:
        run()


def test_skeletons_are_new_files_under_headings_of_their_own():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"^`(\w+/[\w/]+\.py)`", text, re.MULTILINE)
    assert len(named) == 8
    assert [path for path in named if (ROOT / path).exists()] == []
    headings = re.findall(r"^## .+", text, re.MULTILINE)
    assert len(headings) == len(set(headings))


def test_kernel_skeleton_is_python():
    (block,) = [block for block in _blocks("CONTRIBUTING.md") if "pytest.mark.gpu" in block]
    ast.parse(block)


def test_every_committed_result_has_its_command():
    table = (ROOT / "outputs" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in (ROOT / "outputs").iterdir() if path.is_dir())
