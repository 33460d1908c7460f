"""Folders verified: runs, sweeps with what they say of their settings, suites, and folders of such."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lh_eval.analysis.sweep import sweep_summary
from lh_eval.errors import InputError
from lh_eval.store.files import read_json
from lh_eval.store.folder import config_differences
from lh_eval.store.run import METRICS, SAMPLES, Run, is_run
from lh_eval.store.sweep import SETTING_FIELDS, SWEEP, listed_settings
from lh_eval.verifying.findings import Finding, Verified
from lh_eval.verifying.numbers import differences
from lh_eval.verifying.run import RunCheck

_FILES = (SAMPLES, METRICS, SWEEP)


def verify(paths: Iterable[str | Path], check: RunCheck) -> Iterator[Verified]:
    """Verify folders of runs, sweeps or suites, and folders that hold such.

    Args:
        paths: the folders.
        check: what each run is verified by.

    Yields:
        What each run amounts to, and after the settings of a sweep what sweep.json does.

    Raises:
        InputError: a folder holds no run.
    """
    for path in map(Path, paths):
        yield from _folder(path, check)


def _folder(path: Path, check: RunCheck) -> Iterator[Verified]:
    if _was_run(path):
        yield check.verify(path)[0]
        return
    inside = sorted(folder for folder in path.iterdir() if folder.is_dir()) if path.is_dir() else []
    runs = [folder for folder in inside if _was_run(folder)]
    deeper = [folder for folder in inside if folder not in runs and _holds_runs(folder)]
    if (path / SWEEP).is_file() or runs:
        yield from _sweep(path, runs, check)
    elif not deeper:
        raise InputError(f"run must be a folder with runs, got {path}; give an --out of lh-eval niah or run")
    for folder in deeper:
        yield from _folder(folder, check)


def _was_run(path: Path) -> bool:
    """Whether the folder is a run, or what is left of one whose configuration or rows were removed."""
    rows = path / SAMPLES
    return is_run(path) or (path / METRICS).is_file() or (rows.is_file() and rows.stat().st_size > 0)


def _holds_runs(path: Path) -> bool:
    return any(_was_run(file.parent) or file.name == SWEEP for name in _FILES for file in path.rglob(name))


def _sweep(path: Path, folders: list[Path], check: RunCheck) -> Iterator[Verified]:
    """The settings, each with what it does not share with the first, and sweep.json."""
    runs: dict[str, Run] = {}
    for folder in folders:
        verified, run = check.verify(folder)
        if run is not None:
            apart = [*_apart(next(iter(runs.values()), run), run)]
            verified = dataclasses.replace(verified, findings=[*verified.findings, *apart])
            runs[folder.name] = run
        yield verified
    file = path / SWEEP
    if not file.is_file():
        yield Verified(path, False, notes=[f"no {SWEEP}: a sweep has one when all its settings are through"])
        return
    yield Verified(path, False, findings=[Finding(file, problem) for problem in _summary_problems(file, runs)])


def _apart(first: Run, run: Run) -> Iterator[Finding]:
    """In what a setting was not asked what the first was."""
    left, right = (
        {name: value for name, value in one.config.items() if name not in SETTING_FIELDS} for one in (first, run)
    )
    for difference in config_differences(left, right):
        yield Finding(
            run.path, f"settings of a sweep must share all but how they attend, got {difference} ({first.path})"
        )
    asked = {key: rest for key, *rest in _asked(first)}
    for key, *rest in _asked(run):
        if key in asked and asked[key] != rest:
            yield Finding(
                run.path / SAMPLES,
                f"the sample of length {key[0]}, depth {key[1]:g} and trial {key[2]} must have the prompt and answer "
                f"that it has in {first.path.name}, got others",
            )


def _asked(run: Run) -> Iterator[tuple[tuple[int, float, int], str, str]]:
    frame = run.frame[run.frame["prompt_sha256"].notna()]
    places = zip(frame["length"], frame["depth"], frame["trial"], strict=True)
    yield from zip(places, frame["prompt_sha256"], frame["answer"], strict=True)


def _summary_problems(file: Path, runs: Mapping[str, Run]) -> Iterator[str]:
    try:
        kept = read_json(file)
        names = listed_settings(file)
    except InputError as error:
        yield str(error)
        return
    for name in names:
        if name not in runs:
            yield f"setting {name} must be a run beside it, got none that can be read"
    for name in runs:
        if name not in names:
            yield f"setting {name} must be listed, got a run beside it that is not; the same command lists it"
    if set(names) != set(runs):
        return
    try:
        computed = sweep_summary({name: runs[name] for name in names})
    except InputError as error:
        yield str(error)
        return
    yield from differences(kept, computed)
