"""What is wrong with a checkpoint's files, in our words, where transformers fails or fills in what it does not find."""

import logging
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.store.files import read_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")

_log = logging.getLogger(__name__)


def check_report(report: dict[str, Any], folder: Path) -> None:
    """Refuse weights that are not the model's, and name those that it has no place for.

    Args:
        report: what transformers says of loading them.
        folder: the checkpoint.

    Raises:
        InputError: one is missing, which transformers would fill with random numbers, or has another shape.
    """
    if missing := sorted(report["missing_keys"]):
        raise InputError(f"model must have all its weights, got {str(folder)!r} without {missing[0]}")
    if mismatched := sorted(report["mismatched_keys"]):
        name, got, expected = mismatched[0]
        raise InputError(
            f"{name} must be of the shape {list(expected)} that config.json says, got {list(got)} in {str(folder)!r}"
        )
    if extra := sorted(report["unexpected_keys"]):
        named = ", ".join(extra[:3]) + (f" and {len(extra) - 3} more" if len(extra) > 3 else "")
        _log.warning("%s holds weights that its config.json has no place for, and that are not used: %s", folder, named)


def check_vocabulary(tokenizer: "PreTrainedTokenizerBase", rows: int, model: str) -> None:
    """Refuse a tokenizer that gives ids which the model has no embedding of.

    A token that is for padding alone may lie behind the embedding: many models got theirs after their training. No
    prompt is padded with it, and a special token from a text is refused with the sample (`engine/guards.py`).

    Args:
        tokenizer: the checkpoint's.
        rows: tokens that the model embeds.
        model: what the message calls it.

    Raises:
        InputError: an id is `rows` or more.
    """
    ids = tokenizer.get_vocab()
    if tokenizer.pad_token_id not in (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id):
        ids.pop(tokenizer.pad_token, None)
    last = max(ids, key=lambda token: ids[token], default=None)
    if last is not None and ids[last] >= rows:
        raise InputError(
            f"vocab_size must be at least {ids[last] + 1}, for the tokenizer has {last!r} as id {ids[last]}, "
            f"got {rows} in {model!r}; take the tokenizer that the model was trained with"
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
        reason = f"{error}, which its files lack or transformers does not know"
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
