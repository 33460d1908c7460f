"""`Setting`: how the model attends in one run of a sweep."""

import dataclasses
from typing import Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.results.sweep import setting_name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """One way of attending.

    Attributes:
        config: Lighthouse attention for the context; None is dense.
        dense_layers: layers that stay dense under `config`.
    """

    config: LighthouseConfig | None = None
    dense_layers: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Folder name: `dense` or `<scorer>-k<k>`."""
        return setting_name(self.config.scorer, self.config.k) if self.config else setting_name()

    def to_dict(self) -> dict[str, Any] | None:
        """The field `attention` of config.json; None is dense."""
        if self.config is None:
            return None
        return {**self.config.to_dict(), "dense_layers": list(self.dense_layers)}
