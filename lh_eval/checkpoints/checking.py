"""What is wrong with a checkpoint's files, said in our words: before they are loaded, or where transformers fails."""

import math
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.store.files import read_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LAYERS = {"num_hidden_layers", "num_layers", "n_layer", "n_layers"}
_SIZES = {
    *("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size"),
    *("max_position_embeddings", "n_embd", "n_head", "n_positions"),
}
_MOST_LAYERS, _MOST = 10_000, 2**31 - 1  # far above any model; building one of more would not end
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def check_sizes(values: Mapping[str, Any], where: str = "") -> None:
    """Refuse sizes that no model can have, at any depth of a configuration.

    Args:
        values: of config.json, or arguments of a configuration; a size that is None, or a list of one a layer, passes.
        where: what the message begins with, such as a file.

    Raises:
        InputError: a size is no positive integer or beyond all bounds, or `rope_theta` is no positive number.
    """
    for name, value in _named(values):
        if name == "rope_theta" and not (_is_number(value) and 0 < value < math.inf):
            raise InputError(f"{where}rope_theta must be a positive number, got {value!r}")
        most = _MOST_LAYERS if name in _LAYERS else _MOST
        if name in _LAYERS | _SIZES and not (type(value) is int and 1 <= value <= most):
            raise InputError(f"{where}{name} must be an integer from 1 to {most}, got {value!r}")


def check_config(folder: Path) -> None:
    """Refuse a config.json that no model can be made of.

    Raises:
        InputError: what is wrong with it.
    """
    path = folder / "config.json"
    check_sizes(read_json(path), f"{path}: ")


def check_vocabulary(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    """Refuse a tokenizer whose tokens the model has no rows for.

    Raises:
        InputError: it is another model's.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    needed = max(tokenizer.get_vocab().values(), default=-1) + 1
    if needed > rows:
        raise InputError(
            f"tokenizer must be the model's, got one of {needed} tokens for a vocabulary of {rows}; "
            "take the one that the checkpoint was trained with"
        )


def explained(error: Exception, folder: Path, part: str) -> InputError:
    """What transformers failed with as one line that names the file and what is wrong with it.

    Args:
        error: what it raised.
        folder: the checkpoint.
        part: `model` or `tokenizer`.
    """
    try:
        (_check_weight_files if part == "model" else _check_tokenizer_files)(folder)
    except InputError as found:
        return found
    if isinstance(error, KeyError):
        reason = f"files without {error}"
    else:
        reason = textwrap.shorten(str(error), 200, placeholder=" ...") or type(error).__name__
    return InputError(f"{part} must be loadable from {str(folder)!r}, got: {reason}")


def _check_tokenizer_files(folder: Path) -> None:
    for path in (folder / name for name in _TOKENIZER_FILES if (folder / name).exists()):
        values = read_json(path)
        if path.name == "tokenizer.json":
            for name in ("model", "added_tokens"):
                if name not in values:
                    raise InputError(f"{path} must have the fields model and added_tokens, got none of {name!r}")


def _check_weight_files(folder: Path) -> None:
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    if index.exists() and not (folder / "model.safetensors").exists() and "metadata" not in read_json(index):
        raise InputError(f"{index} must have the field metadata, got none; save the checkpoint again")
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt"):
                pass
        except (SafetensorError, OSError):
            raise InputError(
                f"{path} must be a whole safetensors file, got one that is cut short or damaged; fetch it again"
            ) from None


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values at any depth, without those that are left open."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _named(value)
        elif value is not None and not isinstance(value, list):
            yield name, value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
