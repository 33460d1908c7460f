"""`TrainingConfig`: everything that decides a training run, read from a committed TOML file.

Two schedules run side by side over the same steps. `phases` say what the data is (length, tokens a step, mix), `stages`
say how the model attends (Lighthouse or dense). Runs that differ in stages alone see the same data in the same order.
A branch has its trunk's schedules before its own: it is the same training as one that was never cut in two.
"""

import dataclasses
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, InstanceOf

from lh_eval.attention.config import LighthouseConfig
from lh_eval.errors import InputError
from lh_eval.modeling.layers import layers_under
from lh_eval.training.recipe.architecture import llama_config
from lh_eval.training.recipe.files import find_toml, read_toml
from lh_eval.training.recipe.gate import Gate
from lh_eval.training.recipe.optimizer import OptimizerConfig
from lh_eval.training.recipe.schedule import AttentionStage, DataPhase, at_step
from lh_eval.validation import build, validated

# Fields that old train.json and lighthouse.json do not have, with the value of those.
_LATER = {"keep": {}, "keep_state": False, "trunk": None, "gate": None, "schedule": "linear", "decay_steps": 0,
          "compile": False}  # fmt: skip


@validated("training config")
class TrainingConfig:
    """One training run.

    Attributes:
        name: the checkpoint's name.
        seed: seed of weights and data, below 2**32, which numpy's generators take.
        model: arguments of transformers' `LlamaConfig`; vocabulary and special tokens follow from the tokenizer.
        phases: data schedule.
        stages: attention schedule, as many steps as the phases.
        optimizer: AdamW's settings.
        lighthouse: what Lighthouse layers compute.
        dense_layers: layers that stay dense throughout.
        text: a shipped text's name or a UTF-8 text file (plain or .xz) for the family "text"; None is the novel.
        held_out: bytes at the text's end that training never sees; the loss curve has their loss.
        precision: "bf16" (autocast, on a GPU) or "no".
        micro_tokens: tokens that one process runs forward and backward at once.
        compile: on a GPU, run each layer as `torch.compile` makes it: the same computation, rounded otherwise.
        keep: checkpoints to keep on the way: by name, after how many steps; a branch counts its own.
        keep_state: keep the last state, so that branches can start from it.
        trunk: of a branch, where it starts: the trunk's `steps`, the `weights_sha256` of its state, and its `config`.
    """

    name: str
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    model: dict[str, Any]
    phases: tuple[DataPhase, ...]
    stages: tuple[AttentionStage, ...]
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    lighthouse: InstanceOf[LighthouseConfig] = dataclasses.field(default_factory=LighthouseConfig)
    dense_layers: tuple[int, ...] = (0, -1)
    text: str | None = None
    held_out: Annotated[int, Field(ge=0)] = 0
    precision: Literal["bf16", "no"] = "bf16"
    micro_tokens: Annotated[int, Field(ge=1)] = 65536
    compile: bool = False
    keep: dict[str, int] = dataclasses.field(default_factory=dict)
    keep_state: bool = False
    trunk: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for label in (self.name, *self.keep):
            if not re.fullmatch(r"[\w-][\w.-]*", label):
                raise InputError(f"name must be the plain name of a folder, got {label!r}")
        longest = max((phase.length for phase in self.phases), default=0)
        if 0 < self.held_out < longest:
            raise InputError(f"held_out must be 0 or a sequence of {longest} bytes and more, got {self.held_out}")
        by_data, by_attention = (sum(part.steps for part in parts) for parts in (self.phases, self.stages))
        if by_data != by_attention or not by_data:
            raise InputError(f"stages must add up to the phases' {by_data} steps, got {by_attention}")
        layers = llama_config(self.model).num_hidden_layers
        if self.uses_lighthouse:
            layers_under(layers, self.dense_layers)
        if any(not 1 <= steps <= self.steps - self.first_step for steps in self.keep.values()):
            raise InputError(f"keep must be steps from 1 to {self.steps - self.first_step}, got {self.keep}")
        if self.gated:
            self._check_gates()

    def _check_gates(self) -> None:
        if len(self.stages) > 1 or self.keep:
            raise InputError(
                "stages must be one and keep empty where a phase has a gate; how long it takes is not known"
            )
        if self.optimizer.schedule != "wsd" or self.optimizer.decay_steps:
            raise InputError(
                "optimizer must be of schedule wsd without decay_steps where a phase has a gate, "
                f"got {self.optimizer.schedule} with {self.optimizer.decay_steps}"
            )

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return sum(stage.steps for stage in self.stages)

    @property
    def first_step(self) -> int:
        """The first step of its own, behind its trunk's."""
        return self.trunk["steps"] if self.trunk else 0

    @property
    def gated(self) -> bool:
        """Whether some phase ends when losses are low enough."""
        return any(phase.gate for phase in self.phases)

    @property
    def uses_lighthouse(self) -> bool:
        """Whether some stage is under Lighthouse attention."""
        return any(stage.attention == "lighthouse" for stage in self.stages)

    def phase_at(self, step: int) -> DataPhase:
        """The data schedule's part that holds a step."""
        return at_step(self.phases, step)

    def stage_at(self, step: int) -> AttentionStage:
        """The attention schedule's part that holds a step."""
        return at_step(self.stages, step)

    def kept_after(self, steps: int) -> list[str]:
        """Names of the checkpoints to keep after so many steps, the trunk's included."""
        return [name for name, own in self.keep.items() if self.first_step + own == steps]

    def lasting(self, phase_steps: Sequence[int]) -> "TrainingConfig":
        """With as many steps of each phase as it took to pass its gate."""
        if not self.gated:
            return self
        parts = zip(self.phases, phase_steps, strict=True)
        phases = tuple(dataclasses.replace(phase, steps=steps) for phase, steps in parts)
        stage = dataclasses.replace(self.stages[0], steps=sum(phase_steps))
        return dataclasses.replace(self, phases=phases, stages=(stage,))

    def learning_rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.optimizer.learning_rate(step, self.steps)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values; those that came later are left out where they are not used."""
        values = dataclasses.asdict(self) | {"lighthouse": self.lighthouse.to_dict()}
        for part in (values, values["optimizer"], *values["phases"]):
            for name, unused in _LATER.items():
                if name in part and part[name] == unused:
                    del part[name]
        return values

    @classmethod
    def find(cls, name_or_path: str) -> "TrainingConfig":
        """Read a shipped config by its name, or a TOML file by its path.

        Raises:
            InputError: see `read`; a name that is neither has the nearest shipped one.
        """
        return cls.read(find_toml(name_or_path))

    @classmethod
    def read(cls, path: Path) -> "TrainingConfig":
        """Read a TOML file.

        `extends = "other.toml"`, a file beside it, gives every field that the file itself does not.

        Raises:
            InputError: no such file, not TOML, an unknown or missing field, or a bad value.
        """
        return cls.from_dict(read_toml(path))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingConfig":
        """Make a config from `to_dict`'s output or from parsed TOML.

        Raises:
            InputError: an unknown or missing field, or a bad value.
        """
        values = dict(values)
        for name, make in (("phases", _phase), ("stages", partial(build, AttentionStage, "stages"))):
            if isinstance(values.get(name), list | tuple):  # what is no list, the class refuses
                values[name] = [make(item) for item in values[name]]
        values["optimizer"] = build(OptimizerConfig, "optimizer", values.get("optimizer", {}))
        if isinstance(values.setdefault("lighthouse", {}), dict):
            values["lighthouse"] = LighthouseConfig.from_dict(values["lighthouse"])
        return build(cls, "training config", values)


def _phase(values: object) -> DataPhase:
    if isinstance(values, dict) and values.get("gate") is not None:
        values = values | {"gate": build(Gate, "gate", values["gate"])}
    return build(DataPhase, "phases", values)
