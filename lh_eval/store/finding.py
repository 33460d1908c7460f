"""The runs that a folder holds, however deep: it is a run, a sweep, a suite, or a folder of such."""

from collections.abc import Iterable
from pathlib import Path

from lh_eval.errors import InputError
from lh_eval.store.run import Run, is_run, read_run
from lh_eval.store.sweep import SWEEP, is_sweep, read_sweep


def find_runs(paths: Iterable[str | Path]) -> list[Run]:
    """The runs of folders that are runs, sweeps, or hold such folders, in the order of their names.

    Raises:
        InputError: a folder holds no run.
    """
    found: list[Run] = []
    for path in map(Path, paths):
        if is_run(path):
            found.append(read_run(path))
        elif (path / SWEEP).is_file():
            found += read_sweep(path).runs.values()
        else:
            inside = sorted(folder for folder in path.iterdir() if folder.is_dir()) if path.is_dir() else []
            runs = [folder for folder in inside if is_run(folder) or is_sweep(folder)]
            if not runs:
                raise InputError(f"run must be a folder with runs, got {path}; give an --out of lh-eval niah or run")
            found += find_runs(runs)
    return found
