"""What rows must be whatever was asked: of their configuration's grid, each once, and each following the one before."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lh_eval.errors import InputError
from lh_eval.store.digest import DIGESTS, PROVENANCE, Link, config_digest, next_digest
from lh_eval.store.files import Samples
from lh_eval.store.rows import Key, Row

_CHAIN = "edited, or lines before it were dropped, added or moved"


class RowProblem(NamedTuple):
    """Something wrong with a line of samples.jsonl.

    line: its number, from 1.
    problem: what is wrong, for people.
    """

    line: int
    problem: str


def row_problems(config: Mapping[str, Any], samples: Samples) -> Iterator[RowProblem]:
    """Everything that the file by itself, beside its configuration, says is wrong, line by line."""
    done: dict[Key, int] = {}
    provenance = config.get(PROVENANCE)
    digest, begun = config_digest(config), isinstance(provenance, dict) and bool(provenance.get(DIGESTS))
    for line, (row, link) in enumerate(zip(samples.rows, samples.links, strict=True), start=1):
        for problem in _outside(config, row):
            yield RowProblem(line, problem)
        if row.key in done:
            yield RowProblem(line, f"the sample of line {done[row.key]} once more")
        elif row.error is None:  # one that failed is run again
            done[row.key] = line
        if (broken := _broken(digest, link, line, begun)) is not None:
            yield RowProblem(line, broken)
        begun |= link.digest is not None
        # what follows is judged by what this line says: one edit is one finding
        digest = link.digest or next_digest(digest, link.body)


def check_samples(path: Path, config: Mapping[str, Any], samples: Samples) -> None:
    """Refuse rows that `row_problems` finds something wrong with.

    Args:
        path: the samples file.
        config: of its run.
        samples: what it holds.

    Raises:
        InputError: names the first of them.
    """
    for line, problem in row_problems(config, samples):
        raise InputError(
            f"rows must be as the run wrote them, got {path} line {line}: {problem}; restore the file, or keep the "
            f"lines before that one and run again (lh-eval verify {path.parent} lists all)"
        )


def _outside(config: Mapping[str, Any], row: Row) -> Iterator[str]:
    """In what a row is not of the run, as far as its configuration says."""
    for name in ("task", "seed", "reading"):
        if name in config and getattr(row, name) != config[name]:
            yield f"{name} must be {config[name]!r} as in config.json, got {getattr(row, name)!r}"
    for name, value in (("lengths", row.length), ("depths", row.depth)):
        if name in config and value not in config[name]:
            yield f"{name[:-1]} must be one of config.json's, got {value:g}"
    trials = config.get("max_trials") or config.get("trials")
    if isinstance(trials, int) and not 0 <= row.trial < trials:
        yield f"trial must be from 0 to {trials - 1} as config.json says, got {row.trial}"


def _broken(digest: str, link: Link, line: int, begun: bool) -> str | None:
    """What is wrong with a line's digest after the digest before it."""
    if link.digest is None:
        return "no digest, which the run's rows have: it was added or edited" if begun else None
    if link.digest == next_digest(digest, link.body):
        return None
    if line == 1:
        return f"digest does not follow from config.json: that or this line was {_CHAIN}"
    return f"digest does not follow from the line before: this line was {_CHAIN}"
