"""A sweep: one run folder a setting, and sweep.json above them: the settings in order, each set beside dense."""

import contextlib
import fcntl
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lh_eval.errors import InputError
from lh_eval.spec import slug
from lh_eval.store.files import read_json, short, write_json
from lh_eval.store.folder import check_folder, config_differences
from lh_eval.store.run import CONFIG, Run, is_run, read_run

SWEEP = "sweep.json"
DENSE = "dense"
SETTING_FIELDS = ("attention", "setting", "reading")


class Sweep(NamedTuple):
    """A sweep that was read back.

    path: its folder.
    runs: the settings by name, dense first, then in the order they were run.
    """

    path: Path
    runs: dict[str, Run]


def setting_name(scorer: str | None = None, k: int | None = None) -> str:
    """Name of a setting's folder: `dense`, or `<scorer>-k<k>` with what a file name cannot hold made `_`.

    Args:
        scorer: scorer spec such as `qk:dilation=8`, or None with `k` None for dense.
        k: selection budget.
    """
    if scorer is None or k is None:
        return DENSE
    return f"{slug(scorer)}-k{k}"


def check_sweep(
    path: Path, configs: Mapping[str, Mapping[str, Any]], *, setting_fields: Collection[str] = SETTING_FIELDS
) -> None:
    """Refuse a folder that a sweep cannot be written to, or go on in, before any of its settings runs.

    Args:
        path: the sweep's folder.
        configs: what each setting's config.json is to hold, by the setting's name.
        setting_fields: as in `read_settings`.

    Raises:
        InputError: the folder is a run's own, holds something else, or holds settings of another configuration.
    """
    if (path / CONFIG).exists():
        raise InputError(f"out must be a new folder or a sweep, got {path} which holds a single run; choose another")
    for name, config in configs.items():
        check_folder(path / name, config)
    if not path.is_dir():
        check_folder(path, {})
        return
    listed = listed_settings(path / SWEEP) if (path / SWEEP).exists() else []
    others = sorted({*listed, *(run.name for run in path.iterdir() if is_run(run))} - configs.keys())
    ours = _without(next(iter(configs.values())), setting_fields)
    for name in others:
        found = list(config_differences(_without(read_json(path / name / CONFIG), setting_fields), ours))
        if found:
            raise InputError(
                f"out must be a new folder or a sweep of this configuration, got {path} whose {name} differs "
                f"({found[0]}); choose another --out"
            )
    foreign = sorted(set(os.listdir(path)) - configs.keys())
    if foreign and not others and not is_sweep(path):
        raise InputError(
            f"out must be an empty folder or a sweep, got {path} which holds {foreign[0]}; choose another --out"
        )


def read_settings(
    path: str | Path, names: Iterable[str], *, setting_fields: Collection[str] = SETTING_FIELDS
) -> dict[str, Run]:
    """Read what sweep.json is to set side by side: the settings' runs, dense first.

    Settings that an earlier sweep left in the folder stay, after the ones named.

    Args:
        path: the sweep's folder.
        names: folders of the settings, in order; dense comes first whatever its place here.
        setting_fields: top-level fields of config.json in which settings may differ; the rest makes them one sweep.

    Raises:
        InputError: a setting is no run, differs in another field, or asked other questions.
    """
    path = Path(path)
    earlier = listed_settings(path / SWEEP) if (path / SWEEP).exists() else []
    runs = _read_runs(path, [*names, *earlier])
    shared = {name: _without(run.config, setting_fields) for name, run in runs.items()}
    for name, config in shared.items():
        found = list(config_differences(next(iter(shared.values())), config))
        if found:
            raise InputError(
                f"settings of a sweep must share everything but {', '.join(setting_fields)}, got {path / name} "
                f"where {found[0]}; choose another --out"
            )
    return runs


@contextlib.contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Within this no other process that asks for it changes sweep.json, so that none drops another's settings.

    Raises:
        InputError: the folder is gone.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"out must stay while it is written, got {path} ({short(error)})") from None
    try:
        with contextlib.suppress(OSError):  # a file system without locks, of which `RunFolder.open` has warned
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_sweep(path: str | Path, values: Mapping[str, Any]) -> None:
    """Write sweep.json: under "settings" an object a setting with its "name", as `analysis.sweep` makes it."""
    write_json(Path(path) / SWEEP, values)


def read_sweep(path: str | Path) -> Sweep:
    """Read a sweep; without sweep.json, as an interrupted one is, its settings come sorted by name.

    Raises:
        InputError: the folder holds no runs, or one of its runs is missing or corrupt.
    """
    path = Path(path)
    if (path / SWEEP).exists():
        return Sweep(path, _read_runs(path, listed_settings(path / SWEEP)))
    if not is_sweep(path):
        raise InputError(
            f"sweep must be a folder of runs, got {path}; give an --out of lh-eval niah with several settings"
        )
    return Sweep(path, _read_runs(path, sorted((run.name for run in path.iterdir() if is_run(run)), key=by_numbers)))


def is_sweep(path: Path) -> bool:
    """Whether the folder holds a sweep."""
    return (path / SWEEP).is_file() or (path.is_dir() and not is_run(path) and any(map(is_run, path.iterdir())))


def listed_settings(file: Path) -> list[str]:
    """Names of the settings that a sweep.json lists.

    Raises:
        InputError: the file cannot be read, or what it lists is no folder's plain name.
    """
    try:
        names = [entry["name"] for entry in read_json(file)["settings"]]
    except (KeyError, TypeError):
        names = [None]
    for name in names:
        # nothing outside the sweep's folder is read, whatever is listed
        if not isinstance(name, str) or not re.fullmatch(r"[\w.+-]{1,255}", name) or set(name) == {"."}:
            raise InputError(f"{file} must list settings by name, got something else; remove it to list them anew")
    return names


def _read_runs(path: Path, names: Iterable[str]) -> dict[str, Run]:
    ordered = sorted(dict.fromkeys(names), key=lambda name: name != DENSE)
    return {name: read_run(path / name) for name in ordered}


def _without(config: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in fields}


def by_numbers(name: str) -> list[tuple[str, int]]:
    """Sort key that puts k = 512 before k = 2048."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D+|^)(\d*)", name)]
