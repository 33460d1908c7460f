"""Results as one file that people pass on: a zip of run folders with a list of what is in it, and its hashes.

`manifest.json` holds `{"format": "lh-eval results", "version": 1, "files": {PATH: SHA-256}}`. Beside it lie the files
of runs and sweeps under their paths, and nothing else. The same folders give the same bytes.
"""

import hashlib
import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lh_eval.errors import InputError
from lh_eval.store.run import CONFIG, METRICS, SAMPLES
from lh_eval.store.sweep import SWEEP

SUFFIX = ".zip"
_MANIFEST, _FORMAT, _VERSION = "manifest.json", "lh-eval results", 1
_KEPT = (CONFIG, SAMPLES, METRICS, SWEEP)
_PLACE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._=+-]*/)*(?:" + "|".join(map(re.escape, _KEPT)) + ")")
_MOST_BYTES = 2**30  # unpacked: what claims more is no result but a trap
_WHEN = (1980, 1, 1, 0, 0, 0)  # zip's earliest: the time of packing would change the bytes


def pack(folder: Path) -> bytes:
    """The runs and sweeps of a folder as one file.

    Raises:
        InputError: it holds none, or a name in it is none that every system can have.
    """
    found = {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*.json*"))
             if file.name in _KEPT and file.is_file()}  # fmt: skip
    if not any(Path(place).name == CONFIG for place in found):
        raise InputError(f"run must be a folder with runs, got {folder}; give an --out of lh-eval niah or run")
    for place in found:
        _check_place(place, folder)
    hashes = {place: hashlib.sha256(data).hexdigest() for place, data in found.items()}
    manifest = {"format": _FORMAT, "version": _VERSION, "files": hashes}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data in {_MANIFEST: json.dumps(manifest, indent=2).encode() + b"\n", **found}.items():
            archive.writestr(zipfile.ZipInfo(place, _WHEN), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """The folder of a file that `pack` made, as long as this lasts; it bears the file's name.

    Raises:
        InputError: the file is none, is of another version, holds something else than its manifest lists, or a file in
            it is not the one that was packed.
    """
    with tempfile.TemporaryDirectory(prefix="lh-eval-") as temporary:
        folder = Path(temporary) / file.stem
        try:
            with zipfile.ZipFile(file) as archive:
                for place, data in _contents(archive, file).items():
                    (folder / place).parent.mkdir(parents=True, exist_ok=True)
                    (folder / place).write_bytes(data)
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise InputError(f"results must be a file of lh-eval publish, got {file} ({error})") from None
        yield folder


def _contents(archive: zipfile.ZipFile, file: Path) -> Mapping[str, bytes]:
    """What the manifest lists, each by its path; nothing is written before all of it is checked."""
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    if _MANIFEST not in sizes or sum(sizes.values()) > _MOST_BYTES or len(sizes) != len(archive.infolist()):
        raise InputError(f"results must be a file of lh-eval publish, got {file} without a {_MANIFEST} that fits it")
    try:
        manifest = json.loads(archive.read(_MANIFEST))
        known = (manifest["format"], manifest["version"]) == (_FORMAT, _VERSION)
        hashes = dict(manifest["files"])
    except (ValueError, KeyError, TypeError):
        raise InputError(f"results must have a {_MANIFEST} as lh-eval publish writes it, got {file}") from None
    if not known or set(hashes) | {_MANIFEST} != set(sizes):
        raise InputError(f"results must hold what their {_MANIFEST} of version {_VERSION} lists, got {file}")
    contents = {}
    for place, digest in hashes.items():
        _check_place(place, file)
        contents[place] = archive.read(place)
        if hashlib.sha256(contents[place]).hexdigest() != digest:
            raise InputError(f"results must be as they were packed, got {file} whose {place} has another hash")
    return contents


def _check_place(place: str, source: Path) -> None:
    if not _PLACE.fullmatch(place):
        raise InputError(f"results must have plain names, got {place!r} in {source}; rename the folder")
