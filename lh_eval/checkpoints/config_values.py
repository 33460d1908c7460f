"""Numbers of a checkpoint's config.json that libraries would take as they are, and end in a traceback or never."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lh_eval.errors import InputError

MOST = {
    "num_hidden_layers": 10_000,
    "num_attention_heads": 10_000,
    "num_key_value_heads": 10_000,
    "hidden_size": 10**6,
    "intermediate_size": 10**7,
    "head_dim": 10**5,
    "vocab_size": 10**8,
    "max_position_embeddings": 2**40,
}


def check_config_values(folder: Path) -> None:
    """Raise InputError where config.json cannot be read, or a size in it, or its text model's, is none that can be."""
    from transformers import PreTrainedConfig

    try:
        values, _ = PreTrainedConfig.get_config_dict(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" ...")
        raise InputError(f"model must be loadable from {str(folder)!r}, got: {reason}") from None
    parts: list[Any] = [values, values.get("text_config")]
    for part in parts:
        if isinstance(part, dict):
            check_sizes(part, f" in {str(folder / 'config.json')!r}")


def check_sizes(values: Mapping[str, Any], where: str = "") -> None:
    """Raise InputError where a size is no number that it can be.

    Args:
        values: of a configuration; one that is None, or a list of one a layer, passes.
        where: what the message says after the name's bounds.
    """
    for name, most in MOST.items():
        value = values.get(name)
        if value is None or isinstance(value, list):
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise InputError(f"{name} must be an integer from 1 to {most}{where}, got {value!r}")
