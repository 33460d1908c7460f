"""Where installed models lie: a folder each below the user's cache directory."""

from pathlib import Path

from platformdirs import user_cache_path


def models_folder() -> Path:
    """`$XDG_CACHE_HOME/lh_eval/models`, or the same below `~/.cache`; elsewhere than on Linux, as is the custom."""
    return user_cache_path("lh_eval", appauthor=False) / "models"


def installed_folder(name: str) -> Path | None:
    """The folder of an installed model, None where it is not; a folder appears there whole or not at all."""
    folder = models_folder() / name
    return folder if folder.is_dir() else None
