"""What pyproject.toml says agrees with what lies in the folders."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_folder_with_code_or_data_is_a_package():
    setuptools = PROJECT["tool"]["setuptools"]
    data = {name for name, patterns in setuptools["package-data"].items() if patterns == ["*"]}
    folders = {"lh_eval.tasks.lm_eval": ROOT / "tasks" / "lm_eval"}
    for name in data:
        assert any((folders.get(name) or ROOT.joinpath(*name.split("."))).iterdir())
    listed = set(setuptools["packages"]) - data
    found = set()
    for top in ("lh_eval", "kernels", "scorers", "tasks"):
        for file in (ROOT / top).rglob("*.py"):
            parts = file.parent.relative_to(ROOT).parts
            found.add(".".join(parts if top == "lh_eval" else ("lh_eval", *parts)))
    assert found == listed


def test_constraints_pin_every_dependency():
    project = PROJECT["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    pinned = re.findall(r"^([\w-]+)==[\w.]+$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    names = {re.match(r"[\w-]+", item).group().lower() for item in wanted} - {"lh-eval"}
    assert names <= {name.lower() for name in pinned}


def test_mapped_folders_shadow_nothing():
    for top in ("kernels", "scorers", "tasks"):
        assert not list((ROOT / top).rglob("__init__.py"))


def test_import_from_the_checkout_and_hugging_faces_kernels():
    program = (
        "import lh_eval.kernels.layout, lh_eval.scorers.norm, lh_eval.tasks.passkey, importlib.util as u\n"
        "spec = u.find_spec('kernels')\n"
        "print(spec.origin if spec else None)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    hugging_face = importlib.util.find_spec("kernels")
    origin = hugging_face.origin if hugging_face else None
    assert done.stdout.strip() == str(origin)


def test_no_code_is_made_of_data():
    """Beside what ruff forbids: nothing loads pickled tensors, and no line of ours switches such a rule off."""
    for file in (file for top in ("lh_eval", "kernels", "scorers", "tasks") for file in (ROOT / top).rglob("*.py")):
        code = file.read_text(encoding="utf-8")
        assert not re.search(r"\btorch\.load\(|allow_pickle=True|noqa: ?S\d|\bpickle\b\.", code), file
    forbidden = {"S102", "S301", "S302", "S307", "S506", "S602", "S604", "S605"}
    lint = PROJECT["tool"]["ruff"]["lint"]
    assert forbidden <= set(lint["select"])
    ignored = [rule for pattern, rules in lint["per-file-ignores"].items() for rule in rules if pattern[:5] != "tests"]
    assert not forbidden & {*lint["ignore"], *ignored}
