"""From a model's name to the folder of its files, and from the folder to its weights."""

import difflib
import hashlib
import json
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.checkpoints.cache import installed_folder
from lh_eval.checkpoints.catalog import CATALOG
from lh_eval.checkpoints.gguf import SUFFIX

if TYPE_CHECKING:
    from transformers import PreTrainedModel
from lh_eval.errors import InputError
from lh_eval.store.training_folder import CHECKPOINT, KEPT

# Checkpoints that come with the package, as folders of lh_eval/assets.
SHIPPED = {"lh-passkey": "checkpoint"}
DEFAULT_MODEL = "lh-passkey"
_ABOUT = {"lh-passkey": "trained under Lighthouse attention on passkeys: 4 layers, a token a byte, comes with lh_eval"}

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def _shown_name(folder: Path) -> str:
    """A folder's name; of the `checkpoint` of a training run, the run's, and of one from on the way both."""
    if folder.parent.name == KEPT:
        return f"{folder.parent.parent.name}-{folder.name}"
    return folder.parent.name if folder.name == CHECKPOINT and folder.parent.name else folder.name


def locate(name: str | None = None) -> tuple[str, Path]:
    """Find a checkpoint.

    Args:
        name: the name of an installed model, a folder or a GGUF file, the name of a shipped checkpoint, or a hub name
            (`org/name`), looked for in that order; None is the default checkpoint.

    Returns:
        The name to show, and the folder; of a GGUF file, the file.

    Raises:
        InputError: no such model; a name that is close is named.
    """
    if name is None:
        name = DEFAULT_MODEL
    if name in CATALOG and (installed := installed_folder(name)) is not None:
        return name, installed
    if name and Path(name).expanduser().is_dir():
        return _shown_name(Path(name).expanduser().resolve()), Path(name).expanduser()
    if name in SHIPPED:
        folder = _shipped_folder(name)
        if not folder.is_dir():
            raise InputError(f"model must be installed, got {name!r} without its files; install lh_eval again")
        return name, folder
    if name in CATALOG:
        raise InputError(f"model must be installed, got {name!r} which is not yet; run lh-eval models install {name}")
    if name.endswith(SUFFIX) and Path(name).expanduser().is_file():
        return Path(name).stem, Path(name).expanduser()
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return name, _download(name)
    if name and Path(name).exists():
        raise InputError(
            f"model must be a checkpoint folder, got the file {name!r}; give the folder that it lies in, or a GGUF file"
        )
    known = [*SHIPPED, *CATALOG]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
    raise InputError(
        f"model must be a checkpoint folder, a hub name such as org/name or one of {', '.join(known)}, "
        f"got {name!r}; did you mean {near!r}?"
    )


def known_models() -> list[dict[str, str | None]]:
    """The name, description and folder of each model that comes by name; no folder where it is not installed."""
    shipped = [(name, _ABOUT[name], _shipped_folder(name)) for name in SHIPPED]
    packaged = [(name, model.about, installed_folder(name)) for name, model in CATALOG.items()]
    return [
        {"name": name, "about": about, "folder": str(folder) if folder else None}
        for name, about, folder in [*shipped, *packaged]
    ]


def _shipped_folder(name: str) -> Path:
    return Path(str(resources.files("lh_eval.assets") / SHIPPED[name]))


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold a checkpoint's weights; of a GGUF file, itself.

    Raises:
        InputError: the folder is no checkpoint, has pickled weights only, or lacks a file that its index names.
    """
    if folder.suffix == SUFFIX and folder.is_file():
        return [folder]
    if not (folder / "config.json").is_file():
        raise InputError(
            f"model must be a transformers checkpoint folder, got {str(folder)!r} without config.json{_instead(folder)}"
        )
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if index.is_file():
        try:
            files = [folder / file for file in sorted(set(json.loads(index.read_text())["weight_map"].values()))]
        except (ValueError, KeyError, TypeError, AttributeError):
            files = []
        if not files:
            raise InputError(f"{index} must be an index of safetensors files; save the checkpoint again")
        for file in files:
            if file.parent != folder:
                raise InputError(f"{index} must name files of its own folder, got {str(file)!r}; do not load it")
            if not file.is_file():
                raise InputError(f"model must have all its weights, got {str(folder)!r} without {file.name}")
        return files
    if any(next(folder.glob(pattern), None) for pattern in _PICKLES):
        raise InputError(
            f"weights must be safetensors, got only pickled ones in {str(folder)!r}, which can run code when loaded; "
            f'convert them with: python -c "from transformers import AutoModelForCausalLM as M; '
            f'M.from_pretrained({str(folder)!r}).save_pretrained({str(folder)!r})"'
        )
    raise InputError(
        f"model must have its weights in model.safetensors, got {str(folder)!r} without it; "
        "save the checkpoint with save_pretrained"
    )


def _instead(folder: Path) -> str:
    """What to do with a folder of another kind, as the end of a line."""
    if gguf := next(folder.glob(f"*{SUFFIX}"), None):
        return f"; give the GGUF file, {gguf}"
    if next(folder.glob("*.distcp"), None):
        return ", a checkpoint of torch.distributed; docs/own-checkpoint.md says how it becomes one"
    return "; give the folder that save_pretrained wrote"


def weights_sha256(files: list[Path]) -> str:
    """Hash of a checkpoint's weights: of one file as `sha256sum` gives it, of several that of its output lines."""
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(digests) == 1:
        return digests[0]
    lines = [f"{digest}  {path.name}\n" for digest, path in zip(digests, files, strict=True)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def tensors_sha256(model: "PreTrainedModel") -> str:
    """Hash of a model's parameters and buffers in memory: names, shapes, dtypes and bytes."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _download(name: str) -> Path:
    """Fetch a hub checkpoint's safetensors, settings and tokenizer, or find them in the hub's cache."""
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                name,
                allow_patterns=["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "*.py"],
                ignore_patterns=["*/*", "consolidated*"],  # the same weights once more, in other layouts
            )
        )
    except Exception as error:  # network, hub and cache errors have no common base
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"model must be a folder here or a name on the hub that can be reached, got {name!r}: {reason[0]}"
        ) from None
