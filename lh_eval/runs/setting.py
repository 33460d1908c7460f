"""`Setting`: how the model attends in one run of a sweep."""

import dataclasses
from typing import Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.errors import InputError
from lh_eval.store.sweep import setting_name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """One way of attending.

    Attributes:
        config: Lighthouse attention for the context; None is dense.
        dense_layers: layers that stay dense under `config`.

    Raises:
        InputError: a value is of the wrong type.
    """

    config: LighthouseConfig | None = None
    dense_layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.config, LighthouseConfig | None):
            raise InputError(f"config must be a LighthouseConfig, or None for dense attention, got {self.config!r}")
        layers = self.dense_layers
        if not isinstance(layers, list | tuple) or not all(type(layer) is int for layer in layers):
            raise InputError(f"dense_layers must be a list of integers such as (0, -1), got {layers!r}")
        object.__setattr__(self, "dense_layers", tuple(layers))

    @property
    def name(self) -> str:
        """Folder name: `dense` or `<scorer>-k<k>`."""
        return setting_name(self.config.scorer, self.config.k) if self.config else setting_name()

    def to_dict(self) -> dict[str, Any] | None:
        """The field `attention` of config.json; None is dense."""
        if self.config is None:
            return None
        return {**self.config.to_dict(), "dense_layers": list(self.dense_layers)}
