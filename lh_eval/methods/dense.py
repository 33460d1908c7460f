"""Dense attention: what every other method is compared with."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lh_eval.methods.base import METHODS, Method, Reading
from lh_eval.modeling.session import Observe, Session, attending

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@METHODS.register("dense")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Dense(Method):
    """The model's own attention, whatever its architecture."""

    causal = True

    def to_dict(self) -> None:
        """None: what config.json has always said of it."""
        return

    @contextmanager
    def attach(
        self,
        model: "PreTrainedModel",
        observe: Observe | None = None,  # noqa: ARG002
        *,
        reading: Reading = "prompt",  # noqa: ARG002
    ) -> Iterator[Session]:
        """See `Method.attach`; nothing is selected, and nothing observed."""
        with attending(model, None, frozenset()) as session:
            yield session
