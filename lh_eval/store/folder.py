"""`RunFolder`: one run on disk, safe against kill -9, a full disk, a second writer and another configuration."""

import fcntl
import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.store.checking import check_samples
from lh_eval.store.digest import PROVENANCE as PROVENANCE
from lh_eval.store.digest import last_digest, next_digest, with_digest
from lh_eval.store.files import (
    Samples,
    json_bytes,
    read_json,
    read_samples,
    replace_file,
    short,
    write_all,
    write_json,
)
from lh_eval.store.rows import Key, Row, to_frame
from lh_eval.store.run import CONFIG, METRICS, SAMPLES, Run

if TYPE_CHECKING:
    import pandas as pd

_NOT_DECIDING = (PROVENANCE, "setting")  # the second says in other words what "attention" does
_BEFORE = {"reading": "context"}  # of runs from before it was kept

_log = logging.getLogger(__name__)


class RunFolder:
    """A run that is being written; use as a context manager, or call `close`.

    `config` decides whether a folder is resumed or refused. Four of its fields have a meaning here: "lengths" and
    "depths", where present, are the grid; "attention" is the setting, None for dense or an object; what
    stands under "provenance" (times, machine, batch size) is kept but not compared.
    """

    def __init__(self, path: Path, config: dict[str, Any], file: io.FileIO, samples: Samples) -> None:
        self.path = path
        self.config = config
        self._file = file
        self._rows: dict[Key, Row] = {row.key: row for row in samples.rows}
        self._digest = last_digest(config, samples.links)

    @classmethod
    def open(cls, path: str | Path, config: Mapping[str, Any]) -> "RunFolder":
        """Create the folder, or resume the run of the same configuration that it holds.

        Args:
            path: the folder; new, empty, or holding a run.
            config: JSON values that decide the result, and "provenance".

        Raises:
            InputError: the folder holds something else or a run of another configuration, another process writes
                to it, it cannot be written, or its rows are corrupt or not as the run wrote them.
        """
        path = Path(path)
        plain: dict[str, Any] = json.loads(json.dumps(config, allow_nan=False))
        try:
            path.mkdir(parents=True, exist_ok=True)
            check_folder(path, plain)
            file = _open_locked(path / SAMPLES)
        except OSError as error:
            raise InputError(
                f"out must be a folder that can be written, got {path} ({error.strerror}); choose another --out"
            ) from None
        try:
            # Once more under the lock: until then another process could have begun its run here.
            if not check_folder(path, plain):
                write_json(path / CONFIG, plain)
            samples = read_samples(path / SAMPLES)
            written = read_json(path / CONFIG)
            check_samples(path / SAMPLES, written, samples)
            os.ftruncate(file.fileno(), samples.size)
            return cls(path, written, file, samples)
        except OSError as error:
            file.close()
            raise InputError(f"out must be a folder that can be written, got {path} ({short(error)})") from None
        except BaseException:
            file.close()
            raise

    def append(self, row: Row) -> None:
        """Write one row so that it survives whatever happens next.

        Raises:
            InputError: it cannot be written, or the file is no longer where it was; the message says what is kept.
        """
        size = self._file.seek(0, os.SEEK_END)
        body = row.to_json().encode()
        digest = next_digest(self._digest, body)
        try:
            write_all(self._file.fileno(), with_digest(body, digest) + b"\n")
            os.fsync(self._file.fileno())
        except OSError as error:
            try:
                os.ftruncate(self._file.fileno(), size)  # a full disk takes half a line
            except OSError:
                self._file.close()  # nothing must be glued to that half; the next opening cuts it
            raise self._unwritable(short(error)) from None
        self._check_there()
        self._digest = digest
        self._rows[row.key] = row

    def completed(self) -> set[Key]:
        """Keys of the samples that are done; one that failed is not, so a resumed run tries it again."""
        return {key for key, row in self._rows.items() if row.error is None}

    def rows(self) -> list[Row]:
        """The last row of each sample, sorted by task, length, depth and trial."""
        return [self._rows[key] for key in sorted(self._rows)]

    def frame(self) -> "pd.DataFrame":
        """`rows` as a table."""
        return to_frame(self._rows.values())

    def as_run(self) -> Run:
        """The run as far as it is, as `read_run` would read it."""
        return Run(self.path, self.config, self.frame())

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json: what the run amounts to, as `analysis.cells.metrics_of` says.

        Raises:
            InputError: as in `append`.
        """
        self._check_there()
        try:
            replace_file(self.path / METRICS, json_bytes(metrics))
        except OSError as error:
            raise self._unwritable(short(error)) from None

    def _unwritable(self, reason: str) -> InputError:
        return InputError(
            f"out must be a folder that can be written, got {self.path} ({reason}); its {len(self._rows)} rows are "
            "kept: make that possible, and the same command goes on from there"
        )

    def _check_there(self) -> None:
        """Refuse to go on with a file that was taken away: what is written to it nobody finds."""
        if self._file.closed or _is_at(self._file, self.path / SAMPLES):
            return
        rows = f"its {len(self._rows)} rows"
        if os.fstat(self._file.fileno()).st_nlink:
            fate = f"was moved; {rows} are kept where it is now: move it back, and the same command goes on from there"
        else:
            fate = f"was removed; {rows} are lost: the same command begins anew"
        raise InputError(f"out must stay while it is written, got {self.path} whose {SAMPLES} {fate}")

    def close(self) -> None:
        """Let go of the folder."""
        self._file.close()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def config_differences(left: Mapping[str, Any], right: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Describe each field in which two configurations differ, as "field LEFT there, RIGHT here"."""
    if not prefix:
        left, right = ({**_BEFORE, **side} for side in (left, right))
    for name in dict.fromkeys([*left, *right]):
        if not prefix and name in _NOT_DECIDING:
            continue
        there, here = left.get(name), right.get(name)
        if isinstance(there, dict) and isinstance(here, dict):
            yield from config_differences(there, here, f"{prefix}{name}.")
        elif there != here or (name in left) != (name in right):
            old, new = (_show(side, name) for side in (left, right))
            yield f"{prefix}{name} {old} there, {new} here"


def _show(side: Mapping[str, Any], name: str) -> str:
    text = json.dumps(side[name]) if name in side else "absent"
    return text if len(text) <= 60 else text[:57] + "..."


def check_folder(path: Path, config: Mapping[str, Any]) -> bool:
    """Return whether the folder holds this configuration's run; it may also be empty or absent.

    Raises:
        InputError: it holds anything else, or is a file.
    """
    # Looked at in the order in which another process makes them: it may do so meanwhile.
    begun = _size(path / SAMPLES) > 0
    held = set(os.listdir(path)) if path.is_dir() else set()
    if CONFIG in held:
        found = list(config_differences(read_json(path / CONFIG), config))
        if found:
            more = f", and {len(found) - 3} more" if len(found) > 3 else ""
            raise InputError(
                f"out must be a new folder or a run of this configuration, got {path} whose {CONFIG} differs "
                f"({'; '.join(found[:3])}{more}); choose another --out"
            )
        return True
    if not path.exists():
        return False
    if not path.is_dir():
        raise InputError(f"out must be a folder, got the file {path}; choose another --out")
    # A kill between the lock and the configuration leaves these two; they are ours, and empty of results.
    ours = {CONFIG + ".part"} | (set() if begun else {SAMPLES})
    other = sorted(held - ours)
    if other:
        raise InputError(
            f"out must be an empty folder or a run, got {path} which holds {other[0]}; choose another --out"
        )
    return False


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _open_locked(path: Path) -> io.FileIO:
    """Open the samples file for appending and lock it; the lock goes with the process, however that ends."""
    while True:
        file = io.FileIO(path, "ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise InputError(
                f"out must be free, got {path.parent} which another process is writing; "
                "wait for it or choose another --out"
            ) from None
        except OSError as error:
            _log.warning("%s cannot be locked (%s): two processes must not write to it", path.parent, error.strerror)
        if _is_at(file, path):
            return file
        file.close()  # removed or replaced since it was opened: the lock would guard what nobody else sees


def _is_at(file: io.FileIO, path: Path) -> bool:
    """Whether the path names the file that is open."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
