"""docs/reliability.md from a test run: `python tests/helpers/reliability.py RESULTS.xml docs/reliability.md`.

A test adds a row to one of the page's tables by `record_property(TABLE, [what, times tried, outcome])`, which pytest
writes into its JUnit file. The times of all parameters of a test are added; nothing stands there of a test that failed.
"""

import ast
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from lh_eval.studies.tables import fill

# tables: the names of their columns
TABLES = {
    "faults": ("fault", "times tried", "lost"),
    "edits": ("edit", "times tried", "unnoticed"),
    "silent": ("what must not be silent", "times tried", "silent"),
}


class Tried(NamedTuple):
    """A row of the page."""

    what: str
    times: int
    outcome: str
    test: str


def tried_in(results: Path, name: str) -> list[Tried]:
    """The rows of a table, by their tests' names.

    Raises:
        SystemExit: a test that records one did not pass: the page then stays as it is.
    """
    found: dict[tuple[str, str], Tried] = {}
    failed = []
    for case in ElementTree.parse(results).iter("testcase"):  # noqa: S314 - pytest has just written it
        # tests.faults.test_kills -> tests/faults/test_kills.py; a class of tests does not occur here
        test = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        if any(case.find(kind) is not None for kind in ("failure", "error", "skipped")):
            failed.append(test)
            continue
        for recorded in case.iterfind(f"properties/property[@name='{name}']"):
            what, times, outcome = ast.literal_eval(recorded.get("value", ""))
            before = found.get((test, what))
            found[test, what] = Tried(what, times + (before.times if before else 0), outcome, test)
    if failed:
        raise SystemExit(f"{results} must hold no test that did not pass, got {failed[0]}")
    return sorted(found.values(), key=lambda one: (one.test, one.what))


def table(name: str, rows: list[Tried]) -> str:
    """The rows as Markdown."""
    lines = [f"| {one.what} | {one.times:,} | {one.outcome} | `{one.test}` |" for one in rows]
    return "\n".join([f"| {' | '.join(TABLES[name])} | test |", "| --- | ---: | --- | --- |", *lines]) + "\n"


if __name__ == "__main__":
    blocks = {name: tried_in(Path(sys.argv[1]), name) for name in TABLES}
    if missing := [name for name, rows in blocks.items() if not rows]:
        raise SystemExit(f"{sys.argv[1]} must hold tests that tried {missing[0]}, got none")
    fill(Path(sys.argv[2]), "reliability", {name: table(name, rows) for name, rows in blocks.items()})
