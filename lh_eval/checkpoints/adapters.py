"""LoRA adapters: a folder with adapter_config.json on top of another checkpoint, merged into its weights by peft."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.errors import InputError
from lh_eval.validation import parse_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE_NAME = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"


class Adapter(NamedTuple):
    """An adapter's folder.

    folder: where it lies.
    base: name or folder of the checkpoint that it was trained on.
    weights: its own weights.
    """

    folder: Path
    base: str
    weights: Path


def read_adapter(folder: Path) -> Adapter | None:
    """An adapter's folder, read before any weight is; None where it is none, or a checkpoint with an adapter beside it.

    Raises:
        InputError: it does not name its base, has no safetensors, or peft is not installed.
    """
    path = folder / FILE_NAME
    if not path.is_file() or (folder / "config.json").is_file():
        return None
    try:
        values = parse_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise InputError(f"{path} must be a JSON file, got {error}; save the adapter again") from None
    base = values.get("base_model_name_or_path") if isinstance(values, dict) else None
    if not isinstance(base, str) or not base:
        raise InputError(
            f"base_model_name_or_path must name the adapter's checkpoint in {str(path)!r}, got {base!r}; write it there"
        )
    if not (folder / WEIGHTS).is_file():
        raise InputError(
            f"adapter must have its weights in {WEIGHTS}, got {str(folder)!r} without it; "
            "save it with save_pretrained(..., safe_serialization=True)"
        )
    if importlib.util.find_spec("peft") is None:
        raise InputError(
            f"peft must be there to load the adapter {str(folder)!r}, got no such package; "
            "run pip install 'lh-eval[peft]'"
        )
    return Adapter(folder, base, folder / WEIGHTS)


def merge_adapter(model: "PreTrainedModel", adapter: Adapter) -> "PreTrainedModel":
    """The base with an adapter's weights added to its own.

    Raises:
        InputError: it is of a kind that is no change of weights, such as a learned prompt, or has others' weights.
    """
    from peft import PeftConfig, PeftModel

    config: Any = PeftConfig.from_pretrained(str(adapter.folder))
    if config.is_prompt_learning:
        raise InputError(
            f"adapter must be one that merges into weights, such as LoRA, got {config.peft_type.value}; "
            "evaluate a checkpoint that was trained otherwise"
        )
    adapted: Any = PeftModel.from_pretrained(model, str(adapter.folder), config=config)
    merged: PreTrainedModel = adapted.merge_and_unload()
    return merged
