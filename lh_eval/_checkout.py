"""A source checkout keeps kernels/, scorers/ and tasks/ beside this folder; installed, they lie inside it.

Python started in the checkout finds this folder first, and must find those three as well: they and nothing else of
what lies beside it.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

_BESIDE = ("kernels", "scorers", "tasks")


class _Beside:
    """Finds `lh_eval.kernels` and its like as namespace packages in the checkout."""

    def __init__(self, root: Path) -> None:
        self._folders = {f"lh_eval.{name}": str(root / name) for name in _BESIDE}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        folder = self._folders.get(name)
        if folder is None:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [folder]
        return spec


def find_beside(package: Path) -> None:
    """Let the three folders be imported from beside `package`, where they are not inside it."""
    if not (package / _BESIDE[0]).is_dir():
        sys.meta_path.append(_Beside(package.parent))
