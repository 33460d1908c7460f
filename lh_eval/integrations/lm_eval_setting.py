"""What lm-eval's model arguments say about attention."""

import re
from collections.abc import Sequence
from typing import Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.errors import InputError, unknown_name
from lh_eval.modeling.session import layers_of
from lh_eval.runs.setting import Setting


def make_setting(
    checkpoint: Checkpoint, attention: str, changes: dict[str, Any], dense_layers: str | int | Sequence[int] | None
) -> Setting:
    """How the model attends: as its arguments say, and else as the checkpoint's lighthouse.json does.

    Args:
        checkpoint: the model.
        attention: "lighthouse" or "dense".
        changes: fields of `LighthouseConfig` that were given.
        dense_layers: as in `LighthouseLM`.

    Raises:
        InputError: an argument cannot be used.
    """
    if attention not in ("lighthouse", "dense"):
        raise unknown_name("attention", str(attention), ("lighthouse", "dense"))
    if attention == "dense":
        if changes or dense_layers is not None:
            raise InputError("attention must be lighthouse where its settings are given, got dense; leave them out")
        return Setting()
    base = checkpoint.defaults.config
    layers = checkpoint.defaults.dense_layers if dense_layers is None else _layers(dense_layers)
    layers_of(checkpoint.model, layers)
    return Setting(config=LighthouseConfig.from_dict(base.to_dict() | changes), dense_layers=layers)


def _layers(value: str | int | Sequence[int]) -> tuple[int, ...]:
    """Layer numbers from what lm-eval's arguments can say; its commas separate arguments."""
    if isinstance(value, int):
        return (value,)
    if isinstance(value, str):
        items = [] if value == "none" else re.split(r"[/,]", value)
        if not all(re.fullmatch(r"-?[0-9]+", item) for item in items):
            raise InputError(f"dense_layers must be layer numbers such as 0/1/-2/-1, or none, got {value!r}")
        return tuple(map(int, items))
    return tuple(value)
