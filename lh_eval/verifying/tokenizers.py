"""The tokenizers at hand for the runs that are verified: by name where it is here, and by hash among those that are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lh_eval.checkpoints.catalog import CATALOG
from lh_eval.checkpoints.identity import tokenizer_sha256
from lh_eval.checkpoints.loading import load_tokenizer
from lh_eval.checkpoints.locating import SHIPPED, locate, weight_files, weights_sha256
from lh_eval.errors import InputError


class Tokenizers:
    """Tokenizers by their hash.

    Args:
        model: a checkpoint that was named for the runs; nothing is fetched for those that name another themselves.

    Raises:
        InputError: that checkpoint is not here.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._folders: dict[str, Path | None] = {}
        self._weights: dict[Path, str] = {}
        self._by_hash: dict[str, Any] = {}
        self._tried: set[str] = set()
        if model is not None:
            self._take(model)

    def of_run(self, config: Mapping[str, Any]) -> Any | None:
        """The tokenizer of a run, by the hash that its configuration has; None where it is not at hand."""
        wanted = config.get("tokenizer_sha256")
        if not isinstance(wanted, str):
            return None
        for name in (_name(config), *SHIPPED):
            if wanted not in self._by_hash and name is not None and self._here(name) is not None:
                self._take(name)
        return self._by_hash.get(wanted)

    def weights(self, config: Mapping[str, Any]) -> tuple[str, str] | None:
        """The name and hash of the weights that a run should have; None where its checkpoint is not at hand."""
        name = self._model or _name(config)
        folder = None if name is None else self._here(name)
        if name is None or folder is None:
            return None
        if folder not in self._weights:
            self._weights[folder] = weights_sha256(weight_files(folder))
        return name, self._weights[folder]

    def _here(self, name: str) -> Path | None:
        """The folder of a checkpoint that is on this machine, without asking the network for it."""
        if name not in self._folders:
            known = name == self._model or name in {*SHIPPED, *CATALOG}
            try:
                self._folders[name] = locate(name)[1] if known else None
            except InputError:
                if name == self._model:
                    raise
                self._folders[name] = None
        return self._folders[name]

    def _take(self, name: str) -> None:
        if name not in self._tried:
            self._tried.add(name)
            tokenizer = load_tokenizer(name)
            self._by_hash.setdefault(tokenizer_sha256(tokenizer), tokenizer)


def _name(config: Mapping[str, Any]) -> str | None:
    model = config.get("model")
    name = model.get("name") if isinstance(model, dict) else None
    return name if isinstance(name, str) else None
