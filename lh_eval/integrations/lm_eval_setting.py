"""What lm-eval's model arguments say about attention: the settings of the command line, of which one is meant."""

import re
from collections.abc import Mapping
from typing import Any

from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.errors import InputError
from lh_eval.methods.base import METHODS
from lh_eval.registry import option_fields
from lh_eval.runs.checking import check_method
from lh_eval.runs.setting import Setting, choose_settings


def shorthand() -> tuple[str, ...]:
    """Lighthouse's options, which are model arguments by themselves."""
    return tuple(option_fields(METHODS.get("lighthouse")))


def make_setting(checkpoint: Checkpoint, attention: str, options: Mapping[str, Any], reading: str | None) -> Setting:
    """How the model attends and reads: as its arguments say, and else as the checkpoint's lighthouse.json does.

    Args:
        checkpoint: the model.
        attention: a method's spec.
        options: what was given of `shorthand`.
        reading: as in `Setting`.

    Raises:
        InputError: an argument cannot be used, or several settings are meant.
    """
    swept = {name: [_layers(value)] if name == "dense_layers" else _listed(value) for name, value in options.items()}
    settings = choose_settings(_listed(attention), swept, checkpoint.defaults, reading)
    if len(settings) != 1:
        names = ", ".join(setting.name for setting in settings) or "none"
        raise InputError(f"attention must be one setting, got {names}; run lm-eval once for each")
    (setting,) = settings
    check_method(checkpoint, setting.method)
    return setting


def _layers(value: Any) -> tuple[int, ...]:
    """Layer numbers from what lm-eval's arguments can say: its commas separate arguments, and -1 comes as -1.0."""
    if isinstance(value, str):
        items = [] if value == "none" else re.split(r"[/,]", value)
    else:
        items = [f"{item:g}" if isinstance(item, float) else str(item) for item in _listed(value)]
    if not all(re.fullmatch(r"-?[0-9]+", item) for item in items):
        raise InputError(f"dense_layers must be layer numbers such as 0/1/-2/-1, or none, got {value!r}")
    return tuple(map(int, items))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
