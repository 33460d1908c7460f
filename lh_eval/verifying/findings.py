"""What verifying a run yields."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that is not as it must be.

    Attributes:
        file: where.
        problem: what is wrong, on one line.
        line: of the file, from 1; None where it is the file as a whole.
    """

    file: Path
    problem: str
    line: int | None = None

    def __str__(self) -> str:
        """`runs/a/samples.jsonl:17: score must be ...`."""
        place = f"{self.file}:{self.line}" if self.line is not None else f"{self.file}"
        return f"{place}: {' '.join(self.problem.split())}"


@dataclasses.dataclass(frozen=True)
class Verified:
    """A folder that was verified.

    Attributes:
        path: the run's folder, or the sweep's whose sweep.json was.
        is_run: whether it is a run's.
        rows: rows that were looked at.
        prompts: rows whose prompts were made again.
        findings: what is wrong.
        notes: what is right, but to be known: what is unfinished, and what could not be looked at.
    """

    path: Path
    is_run: bool = True
    rows: int = 0
    prompts: int = 0
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()


def moved(verified: Verified, folder: Path, to: Path) -> Verified:
    """The same of what lies in another place than where it was looked at, as the content of a file does."""

    def place(path: Path) -> Path:
        return to / path.relative_to(folder) if path.is_relative_to(folder) else path

    findings = [
        dataclasses.replace(found, file=place(found.file), problem=found.problem.replace(str(folder), str(to)))
        for found in verified.findings
    ]
    return dataclasses.replace(verified, path=place(verified.path), findings=findings)


def lines(verified: Verified) -> Iterator[str]:
    """A line for each finding and each note."""
    yield from map(str, verified.findings)
    yield from (f"{verified.path}: note: {note}" for note in verified.notes)


def summary_line(verified: Sequence[Verified]) -> str:
    """`verified: 267 runs, 62730 rows, 41234 prompts made again; 0 findings`."""
    runs = sum(one.is_run for one in verified)
    rows, prompts = sum(one.rows for one in verified), sum(one.prompts for one in verified)
    found = sum(len(one.findings) for one in verified)
    return f"verified: {runs} runs, {rows} rows, {prompts} prompts made again; {found} findings"


def as_json(verified: Sequence[Verified]) -> str:
    """The same as JSON text: under `folders` an object each, and `ok`, whether nothing was found."""
    folders = [
        {
            "path": str(one.path),
            "rows": one.rows,
            "prompts": one.prompts,
            "findings": [{"file": str(each.file), "line": each.line, "problem": each.problem} for each in one.findings],
            "notes": list(one.notes),
        }
        for one in verified
    ]
    values = {"ok": not any(one.findings for one in verified), "folders": folders}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
