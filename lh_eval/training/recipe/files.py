"""Training configs as TOML: the shipped ones by name, others by path, each perhaps on top of another."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from lh_eval.errors import InputError, unknown_name


def find_toml(name_or_path: str) -> Path:
    """The file of a shipped config's name, or the path itself.

    Raises:
        InputError: it is neither a shipped name nor a file; the nearest shipped name is named.
    """
    folder = resources.files("lh_eval.assets") / "configs"
    shipped = {file.name.removesuffix(".toml"): Path(str(file)) for file in folder.iterdir()}
    if name_or_path not in shipped and not Path(name_or_path).exists() and not name_or_path.endswith(".toml"):
        raise unknown_name("training config", name_or_path, shipped)
    return shipped.get(name_or_path, Path(name_or_path))


def read_toml(path: Path) -> dict[str, Any]:
    """A file's fields over those of the file that it extends, which extends none itself.

    Raises:
        InputError: no such file, not TOML, or `extends` names no file to build on.
    """
    values = _parse(path)
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str) or Path(base).name != base or base in ("", ".."):
        raise InputError(f"extends must be a file's name, got {base!r}; name a TOML file beside {path}")
    inherited = _parse(path.with_name(base))
    if "extends" in inherited:
        raise InputError(f"extends must name a file that extends none, got {base} in {path}")
    return inherited | values


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"training config must be a readable file, got {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # neither TOML nor UTF-8, thousands of digits, thousands of brackets
        raise InputError(f"training config must be TOML in UTF-8, got {path}: {error}") from None
