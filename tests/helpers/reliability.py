"""docs/reliability.md from a test run: `python tests/helpers/reliability.py RESULTS.xml docs/reliability.md`.

A test adds a row by `record_property("reliability", [fault, times tried, what was lost])`, which pytest writes into its
JUnit file; of a fault that several tests tried, the one that tried it most often stands there.
"""

import ast
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from lh_eval.studies.tables import fill


class Fault(NamedTuple):
    """A row of the page."""

    fault: str
    tried: int
    lost: str
    test: str


def faults_of(results: Path) -> list[Fault]:
    """The rows of the tests that passed, in the order of their names."""
    most: dict[str, Fault] = {}
    for case in ElementTree.parse(results).iter("testcase"):  # noqa: S314 - pytest has just written it
        if any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
            continue
        # tests.faults.test_kills -> tests/faults/test_kills.py; a class of tests does not occur here
        test = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        for found in case.iterfind("properties/property[@name='reliability']"):
            fault, tried, lost = ast.literal_eval(found.get("value", ""))
            row = Fault(fault, tried, lost, test)
            most[fault] = max(most.get(fault, row), row, key=lambda one: one.tried)
    return sorted(most.values(), key=lambda one: (one.test, one.fault))


def table(faults: list[Fault]) -> str:
    """The rows as Markdown."""
    lines = [f"| {one.fault} | {one.tried} | {one.lost} | `{one.test}` |" for one in faults]
    return "\n".join(["| fault | times tried | lost | test |", "| --- | ---: | --- | --- |", *lines]) + "\n"


if __name__ == "__main__":
    rows = faults_of(Path(sys.argv[1]))
    if not rows:
        raise SystemExit(f"{sys.argv[1]} must hold tests that tried a fault, got none")
    fill(Path(sys.argv[2]), "reliability", {"faults": table(rows)})
