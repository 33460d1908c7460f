"""`lighthouse.json`: the Lighthouse settings that a checkpoint was trained with, kept in its folder."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.errors import InputError
from lh_eval.validation import parse_json

FILE_NAME = "lighthouse.json"
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers")  # what architectures call their number


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckpointSettings:
    """What a checkpoint folder says about itself: the defaults of its evaluation.

    Attributes:
        config: Lighthouse settings of the training.
        dense_layers: layers that stayed dense; negative ones count from the last.
        training: how it was trained, for the record; plain JSON values.
    """

    config: LighthouseConfig
    dense_layers: tuple[int, ...] = ()
    training: dict[str, Any] = dataclasses.field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write `lighthouse.json` into a checkpoint folder.

        Raises:
            ValueError: a number is NaN or infinite, which JSON does not have.
        """
        values = {"config": self.config.to_dict(), "dense_layers": list(self.dense_layers), "training": self.training}
        (folder / FILE_NAME).write_text(json.dumps(values, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "CheckpointSettings | None":
        """Read a checkpoint folder's `lighthouse.json`; None where it has none.

        Raises:
            InputError: the file is not JSON, or its content does not fit; the message names the file.
        """
        path = folder / FILE_NAME
        if not path.exists():
            return None
        try:
            return cls._parse(parse_json(path.read_bytes()))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (ValueError, OSError) as error:  # not JSON, not UTF-8, not readable
            raise InputError(f"{path} must be a JSON file, got {error}; write it anew or remove it") from None

    @classmethod
    def _parse(cls, values: Any) -> "CheckpointSettings":
        known = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(values, dict) or "config" not in values or not values.keys() <= set(known):
            got = ", ".join(values) if isinstance(values, dict) else type(values).__name__
            raise InputError(f"it must be an object of {', '.join(known)}, got {got or 'nothing'}")
        for name in ("config", "training"):
            if not isinstance(values.get(name, {}), dict):
                raise InputError(f"{name} must be an object, got {values[name]!r}")
        layers = values.get("dense_layers", [])
        if not isinstance(layers, list) or not all(type(layer) is int for layer in layers):
            raise InputError(f"dense_layers must be a list of integers, got {layers!r}")
        return cls(
            config=LighthouseConfig.from_dict(values["config"]),
            dense_layers=tuple(layers),
            training=values.get("training", {}),
        )


def layers_in(folder: Path) -> int:
    """How many layers a checkpoint folder's config.json says that the model has.

    Raises:
        InputError: the folder is no checkpoint, or does not say.
    """
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        text = values.get("text_config") or values
        layers = next((text[name] for name in _LAYERS if name in text), None)
    except (OSError, ValueError, TypeError, AttributeError):
        layers = None
    if type(layers) is not int or layers < 1:
        raise InputError(f"{path} must have num_hidden_layers, got none; give a transformers checkpoint folder")
    return layers
