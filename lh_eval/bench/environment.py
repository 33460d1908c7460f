"""Where a measurement comes from: the card, the versions and the commit."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import lh_eval

if TYPE_CHECKING:
    import torch


class Environment(NamedTuple):
    """The first columns of a measurement.

    gpu: the card's name, or `cpu (2 threads)`.
    torch: torch's version.
    triton: triton's version, empty where there is none.
    commit: of the source that ran.
    """

    gpu: str
    torch: str
    triton: str
    commit: str


def environment_on(device: "torch.device", commit: str | None = None) -> Environment:
    """What is measured now on that device comes from here.

    Args:
        device: where they are measured.
        commit: of the source; asked of git if None.
    """
    import torch

    if device.type == "cuda":
        gpu = torch.cuda.get_device_name(device)
    else:
        gpu = f"{device.type} ({torch.get_num_threads()} threads)"
    try:
        triton = version("triton")
    except PackageNotFoundError:
        triton = ""
    return Environment(gpu, torch.__version__, triton, commit or source_commit())


def source_commit() -> str:
    """Short hash of the checkout that this package runs from, or the package's version where it is no checkout.

    `-dirty` follows where the checkout differs from the commit, in anything but its results: those are what a
    benchmark writes.
    """
    source = Path(lh_eval.__file__).resolve()
    root = source.parents[1]
    try:
        # a package in an environment that lies in somebody else's repository is not that repository's
        _git(root, "ls-files", "--error-unmatch", "--", str(source))
        commit = _git(root, "rev-parse", "--short", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", ".", ":(exclude)outputs")
    except (OSError, subprocess.SubprocessError):
        return lh_eval.__version__
    return f"{commit}-dirty" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
