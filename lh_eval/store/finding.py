"""The runs that a folder holds, however deep: it is a run, a sweep, a suite, or a folder of such."""

from collections.abc import Callable, Iterable
from pathlib import Path

from lh_eval.errors import InputError
from lh_eval.store.run import Run, is_run, read_run
from lh_eval.store.sweep import DENSE, SWEEP, by_numbers, is_sweep, read_sweep
from lh_eval.store.training_folder import TRAIN_CONFIG


def find_runs(paths: Iterable[str | Path], *, passed: Callable[[str], None] | None = None) -> list[Run]:
    """The runs of folders that are runs, sweeps, or hold such folders, in the order of their names.

    Args:
        paths: the folders.
        passed: is told, in a line, of what is no run's beside others that are, as a training or a figure is under
            `runs/*`; without it that is an error.

    Raises:
        InputError: a folder is not there, or holds no run; with `passed`, if none of them does.
    """
    found: list[Run] = []
    without: list[Path] = []
    for path in map(Path, paths):
        if folders := run_folders(path):
            found += [run for folder in folders for run in _read(folder)]
        else:
            without.append(path)
    missing = [path for path in without if not path.exists()]
    if without and (passed is None or not found or missing):
        path = (missing or without)[0]
        raise InputError(f"run must be a folder with runs, got {_told(path)}; give an --out of lh-eval niah or run")
    for path in without:
        assert passed is not None
        passed(f"passed over {_told(path)}")
    return found


def run_folders(path: Path) -> list[Path]:
    """The runs and sweeps of a folder: itself, or all that lie below it by name, dense first; none where there is none.

    Links to folders are followed where they are runs or sweeps, not to see what is below them.
    """
    if is_run(path) or (path / SWEEP).is_file():
        return [path]
    inside = [folder for folder in path.iterdir() if folder.is_dir()] if path.is_dir() else []
    ordered = sorted(inside, key=lambda folder: (folder.name != DENSE, by_numbers(folder.name)))
    followed = (folder for folder in ordered if not folder.is_symlink() or is_run(folder) or is_sweep(folder))
    return [found for folder in followed for found in run_folders(folder)]


def _read(path: Path) -> list[Run]:
    return [read_run(path)] if is_run(path) else list(read_sweep(path).runs.values())


def _told(path: Path) -> str:
    """The path, and what it is, where that is known."""
    return f"{path}, a training" if (path / TRAIN_CONFIG).is_file() else str(path)
