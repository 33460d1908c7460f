"""Mutation testing by mutmut: python -m tests.mutation GROUP [--most N] [--seed S] [--work FOLDER].

mutmut maps files to modules by their paths, which `package-dir` undoes; so it works on a copy in which kernels/,
scorers/ and tasks/ lie inside lh_eval, as in the wheel. It changes no line at a module's or class's top and no
decorated function. A group of more than N mutants is sampled by a fixed seed; what survived is printed as a patch.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAPPED = ("kernels", "scorers", "tasks")

# What is mutated, and the tests that are to notice. Left out: tests in processes of their own, which mutmut's fork
# does not reach, and those of a tolerance in seconds.
GROUPS = {
    "operator": (
        ["attention/config.py", "attention/operator.py", "attention/reference.py", "attention/rotary.py",
         "attention/scoring.py", "attention/dense.py", "kernels/layout.py", "kernels/max_pyramid.py",
         "kernels/rotation.py", "kernels/reference/*.py"],
        ["tests/attention", "tests/kernels", "--ignore=tests/kernels/test_interpreted.py",
         "--ignore=tests/kernels/test_launch.py", "-k", "not imports_no_kernel"],
    ),
    "statistics": (
        ["statistics/*.py"],
        ["tests/statistics"],
    ),
    "results": (
        ["store/*.py", "analysis/*.py"],
        ["tests/store", "tests/analysis", "tests/verifying", "tests/publish", "tests/figures/test_curves_caption.py",
         "tests/cli/test_compare.py", "--ignore=tests/analysis/test_committed.py",
         "--deselect=tests/store/test_rows.py::test_the_committed_rows_are_read"],
    ),
    "scoring": (["scoring/*.py"], ["tests/scoring"]),
}  # fmt: skip
FATES = {0: "survived", 33: "no test", 34: "skipped", 36: "timeout", 24: "timeout", 152: "timeout"}


def main() -> int:
    """Mutate a group; say what was killed and show what was not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--most", type=int, default=300, help="mutants to try, drawn at random; 0 is all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder for the copy; a temporary one if not given")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="mutants-"))
    prepare(work, options.group)
    mutmut(work, "run", "none-of-this-name", quiet=True)  # makes the mutants and learns which test runs what
    names = sorted(outcomes(work))
    if options.most and len(names) > options.most:
        names = sorted(random.Random(options.seed).sample(names, options.most))
    for _ in range(6):  # a mutant that takes all memory may end mutmut itself
        if not (left := [name for name in names if outcomes(work)[name] is None]):
            break
        mutmut(work, "run", "--max-children", "1", *left, quiet=True)
    found = outcomes(work)
    fates = {name: FATES.get(found[name], "killed") if found[name] is not None else "not run" for name in names}
    for name, fate in fates.items():
        if fate in ("survived", "no test"):
            print(f"\n{fate}: {name}")
            mutmut(work, "show", name, quiet=False)
    counts = Counter(fates.values())
    killed = counts["killed"] + counts["timeout"]
    print(f"\n{options.group}: {killed} of {len(names)} killed ({killed / len(names):.1%}), {dict(counts)}")
    return 0


def prepare(work: Path, group: str) -> None:
    """Lay the package out as it is installed, beside its tests and what they read."""
    shutil.rmtree(work, ignore_errors=True)
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lh_eval", work / "lh_eval", ignore=skipped)
    for name in MAPPED:
        shutil.copytree(ROOT / name, work / "lh_eval" / name, ignore=skipped)
    shutil.copytree(ROOT / "tests", work / "tests", ignore=skipped)
    (work / "outputs").symlink_to(ROOT / "outputs")
    files, tests = GROUPS[group]
    lines = {
        "source_paths": ["lh_eval"],
        "only_mutate": [f"lh_eval/{file}" for file in files],
        "also_copy": ["outputs"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "--import-mode=importlib", "-o", "pythonpath=tests/helpers"],
        "pytest_add_cli_args_test_selection": tests,
    }
    text = "".join(f"{name} =\n" + "".join(f"    {value}\n" for value in values) for name, values in lines.items())
    (work / "setup.cfg").write_text(f"[mutmut]\n{text}use_git_change_detection = false\n")


def mutmut(work: Path, *arguments: str, quiet: bool) -> None:
    """Run mutmut in the copy, which Python finds before what is installed."""
    environment = os.environ | {"PYTHONPATH": "", "OMP_NUM_THREADS": "1", "CI": "1"}
    out = subprocess.DEVNULL if quiet else None
    subprocess.run([sys.executable, "-m", "mutmut", *arguments], cwd=work, env=environment, stdout=out, check=False)


def outcomes(work: Path) -> dict[str, int | None]:
    """Exit code of the tests by mutant; None where they were not run."""
    found: dict[str, int | None] = {}
    for file in sorted((work / "mutants").rglob("*.meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


if __name__ == "__main__":
    sys.exit(main())
