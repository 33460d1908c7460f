"""What a method is: how a checkpoint attends while it is evaluated, as a frozen dataclass whose fields are its options.

A method whose heart is another attention in the place of each layer's derives from `AttentionMethod` and says what a
layer computes; one that does something else to the model, or to its cache, derives from `Method` and attaches itself.
"""

import abc
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import torch

from lh_eval.errors import InputError
from lh_eval.methods.pyramid import Pyramid
from lh_eval.modeling.attention import LayerAttention
from lh_eval.modeling.layers import layers_of
from lh_eval.modeling.session import Observe, Prefill, Session, attending
from lh_eval.modeling.spans import Spans
from lh_eval.registry import Registry, default_of, option_fields
from lh_eval.spec import Spec

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from lh_eval.checkpoints.settings import CheckpointSettings

Reading = Literal["prompt", "context"]


class Reader(Protocol):
    """What a method's `attach` gives: reads token ids into caches. Within its block, calls of the model ask.

    Attributes:
        model: the model.
        shares_prefixes: a context may be read on from a cache of its beginning, and caches be cropped.
        selects: some tokens are kept and others not, which `observe` is told.
        packs: questions of one context may lie side by side in a row of its cache.
        asks_under: what extends a cache attends under the method too, and is observed.
        observe: called with layer and kept positions [B, H, S] of each layer under the method while it reads.
        spans: where needle and question lie in each row of what is read next, for a method that treats them apart.
    """

    model: "PreTrainedModel"
    observe: Observe | None
    spans: Sequence[Spans]
    asks_under: bool

    @property
    def shares_prefixes(self) -> bool: ...  # noqa: D102

    @property
    def selects(self) -> bool: ...  # noqa: D102

    @property
    def packs(self) -> bool: ...  # noqa: D102

    def prefill(self, ids: torch.Tensor, before: Prefill | None = None, *, logits: bool = False) -> Prefill:
        """Read ids [B, N], after what was read before; with the logits after the last one where they are asked for."""
        ...


class Method(abc.ABC):
    """A way of attending. The first line of the class docstring is what `lh-eval methods` lists.

    Attributes:
        readings: how prompts may be read under it, the usual one first. "prompt": context and question are read under
            the method at once; "context": the context alone is, question and answer attend densely to what it kept.
        budget_option: the option that figures take for its budget; None where it has none.
        causal: what a token becomes depends on no later token, so that to read a prompt in parts is to read it whole.
        libraries: packages that run it, whose versions are part of what decides its rows.
    """

    readings: ClassVar[tuple[Reading, ...]] = ("prompt", "context")
    budget_option: ClassVar[str | None] = None
    causal: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, Any], defaults: "CheckpointSettings") -> "Method":  # noqa: ARG003
        """Make it from the options that were given; `defaults` is what the checkpoint says of itself."""
        return cls(**options)

    @classmethod
    def usual_options(cls, defaults: "CheckpointSettings") -> dict[str, Any]:  # noqa: ARG003
        """The options that a checkpoint has where none are given; those without a default are left out."""
        known = {name: default_of(field) for name, field in option_fields(cls).items()}
        return {name: value for name, value in known.items() if value is not dataclasses.MISSING}

    @property
    def options(self) -> dict[str, Any]:
        """All options by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    @property
    def spec(self) -> Spec:
        """Its canonical text."""
        return METHODS.spec_of(self)

    def to_dict(self) -> dict[str, Any] | None:
        """The field `attention` of config.json: its name and all options; None is dense."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options.items()}
        return {"method": self.spec.name, **plain}

    def folder_name(self, base: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """Name of its folder in a sweep; `base` has the options that need no mention: all settings' there, or usual."""
        return self.spec.slug

    def family(self, base: Mapping[str, Any] | None = None) -> str:  # noqa: ARG002
        """What figures group it by, its budget left out; `base` as in `folder_name`."""
        options = {key: value for key, value in self.spec.options.items() if key != self.budget_option}
        return Spec(self.spec.name, options)

    @property
    def budget(self) -> float | None:
        """How much it keeps, in the unit of `budget_option`."""
        return None if self.budget_option is None else getattr(self, self.budget_option)

    @property
    def prefix_hole(self) -> int:
        """Tokens at the beginning that no entry is sure to cover."""
        return 0

    def pyramid(self, tokens: int) -> Pyramid | None:  # noqa: ARG002
        """What kept positions stand for where so many tokens are read; None where all of them are tokens."""
        return None

    def intervened(self, **forced: Any) -> "Method":  # noqa: ARG002
        """The same with entries of needle, question and sham forced in or out; see `lh_eval.methods.forced`.

        Raises:
            InputError: it has no entries that can be forced, or an option is none.
        """
        raise InputError(f"setting must be of a method whose entries can be forced, as lighthouse, got {self.spec}")

    def check(self, model: "PreTrainedModel") -> str | None:  # noqa: ARG002
        """Why a model cannot be evaluated under it, in one line; None where it can."""
        return None

    def notes(self, model: "PreTrainedModel") -> str | None:  # noqa: ARG002
        """What a user should know of the model under it, in one line; None where there is nothing."""
        return None

    def measure(self, model: "PreTrainedModel", ids: torch.Tensor, name: str) -> dict[str, Any]:  # noqa: ARG002
        """What is kept of the model beside a run's results, measured on ids [1, N]; `name` is for warnings."""
        return {}

    @abc.abstractmethod
    def attach(
        self, model: "PreTrainedModel", observe: Observe | None = None, *, reading: Reading = "prompt"
    ) -> AbstractContextManager[Reader]:
        """Run the model under the method until the block ends.

        Args:
            model: a model that `check` has no objection to.
            observe: called with layer and kept positions [B, H, S] as tokens are read.
            reading: one of `readings`.
        """


class AttentionMethod(Method):
    """A method that computes another attention in the place of each layer's own.

    Attributes:
        dense_layers: layers that stay dense; negative ones count from the last. Subclasses have it among their fields.
    """

    dense_layers: tuple[int, ...]

    @abc.abstractmethod
    def attention(self) -> LayerAttention:
        """What a layer computes."""

    def attention_in(self, model: "PreTrainedModel", layers: frozenset[int]) -> LayerAttention:  # noqa: ARG002
        """The same for some layers of a model, where it is made of what the model has.

        Raises:
            InputError: the model does not have it.
        """
        return self.attention()

    def check(self, model: "PreTrainedModel") -> str | None:
        """Why the model's layers cannot be taken over; see `Method.check`."""
        try:
            self.attention_in(model, layers_of(model, self.dense_layers, self.attention().title))
        except InputError as error:
            return str(error)
        return None

    @contextmanager
    def attach(
        self, model: "PreTrainedModel", observe: Observe | None = None, *, reading: Reading = "prompt"
    ) -> Iterator[Session]:
        """Attach to the model's layers; see `Method.attach`."""
        layers = layers_of(model, self.dense_layers, self.attention().title)
        attention = self.attention_in(model, layers)
        with attending(model, attention, layers, asks_under=reading == "prompt" and not attention.whole) as session:
            session.observe = observe
            yield session


METHODS: Registry[Method] = Registry("method", folder="lh_eval.methods", group="lh_eval.methods")
