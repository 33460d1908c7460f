"""Where installed models lie: a folder each below the user's cache directory."""

import os
from pathlib import Path


def models_folder() -> Path:
    """`$XDG_CACHE_HOME/lh_eval/models`, or the same below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG Base Directory Specification has relative paths ignored
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "lh_eval" / "models"


def installed_folder(name: str) -> Path | None:
    """The folder of an installed model, None where it is not; a folder appears there whole or not at all."""
    folder = models_folder() / name
    return folder if folder.is_dir() else None
