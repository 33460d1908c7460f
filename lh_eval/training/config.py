"""`TrainingConfig`: everything that decides a training run, read from a committed TOML file.

Two schedules run side by side over the same steps. `phases` say what the data is (length, tokens a step, mix), `stages`
say how the model attends (Lighthouse or dense). Runs that differ in stages alone see the same data in the same order.
"""

import dataclasses
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from lh_eval.attention.config import LighthouseConfig
from lh_eval.attention.transformers import lighthouse_layers
from lh_eval.errors import InputError, unknown_name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of steps with one kind of data.

    Attributes:
        steps: optimiser steps.
        length: tokens of a sequence.
        tokens_per_step: tokens of all sequences of a step, over all processes.
        mix: share of the sequences by data family, such as `{copy = 0.5, keyed = 0.5}`.
    """

    steps: int
    length: int
    tokens_per_step: int
    mix: dict[str, float]

    def __post_init__(self) -> None:
        from lh_eval.training.data import FAMILIES

        for name in ("steps", "length", "tokens_per_step"):
            _positive(name, getattr(self, name))
        if self.tokens_per_step % self.length:
            raise InputError(f"tokens_per_step must be a multiple of length {self.length}, got {self.tokens_per_step}")
        unknown = sorted(set(self.mix) - set(FAMILIES))
        if unknown or not self.mix or min(self.mix.values()) < 0 or sum(self.mix.values()) <= 0:
            raise InputError(f"mix must give shares to some of {', '.join(FAMILIES)}, got {self.mix}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of steps with one kind of attention.

    Attributes:
        steps: optimiser steps.
        attention: "lighthouse" outside the dense layers, or "dense".
    """

    steps: int
    attention: Literal["dense", "lighthouse"]

    def __post_init__(self) -> None:
        _positive("steps", self.steps)
        if self.attention not in ("dense", "lighthouse"):
            raise InputError(f"attention must be dense or lighthouse, got {self.attention!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Optimizer:
    """AdamW with linear warm-up and linear decay to `final_lr` over all stages."""

    lr: float = 2e-3
    final_lr: float = 0.0
    warmup_steps: int = 100
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.1
    max_grad_norm: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One training run.

    Attributes:
        name: the checkpoint's name.
        seed: seed of weights and data.
        model: arguments of transformers' `LlamaConfig`; vocabulary and special tokens follow from the tokenizer.
        phases: data schedule.
        stages: attention schedule, as many steps as the phases.
        optimizer: AdamW's settings.
        lighthouse: what Lighthouse layers compute.
        dense_layers: layers that stay dense throughout.
        text: a UTF-8 text file (plain or .xz) for the family "text"; None is the shipped novel.
        precision: "bf16" (autocast, on a GPU) or "no".
        micro_tokens: tokens that one process runs forward and backward at once.
    """

    name: str
    seed: int = 0
    model: dict[str, Any]
    phases: tuple[Phase, ...]
    stages: tuple[Stage, ...]
    optimizer: Optimizer = Optimizer()
    lighthouse: LighthouseConfig = dataclasses.field(default_factory=LighthouseConfig)
    dense_layers: tuple[int, ...] = (0, -1)
    text: str | None = None
    precision: Literal["bf16", "no"] = "bf16"
    micro_tokens: int = 65536

    def __post_init__(self) -> None:
        by_data, by_attention = (sum(part.steps for part in parts) for parts in (self.phases, self.stages))
        if by_data != by_attention or not by_data:
            raise InputError(f"stages must add up to the phases' {by_data} steps, got {by_attention}")
        if self.precision not in ("bf16", "no"):
            raise InputError(f"precision must be bf16 or no, got {self.precision!r}")
        _positive("micro_tokens", self.micro_tokens)
        if any(stage.attention == "lighthouse" for stage in self.stages):
            lighthouse_layers(int(self.model.get("num_hidden_layers", 0)), self.dense_layers)

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return sum(stage.steps for stage in self.stages)

    def phase_at(self, step: int) -> Phase:
        """The data schedule's part that holds a step."""
        return _part_at(self.phases, step)

    def stage_at(self, step: int) -> Stage:
        """The attention schedule's part that holds a step."""
        return _part_at(self.stages, step)

    def lr_at(self, step: int) -> float:
        """Learning rate of a step."""
        opt = self.optimizer
        if step < opt.warmup_steps:
            return opt.lr * (step + 1) / opt.warmup_steps
        left = (self.steps - step) / max(1, self.steps - opt.warmup_steps)
        return opt.final_lr + (opt.lr - opt.final_lr) * left

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def find(cls, name_or_path: str) -> "TrainingConfig":
        """Read a shipped config by its name, or a TOML file by its path.

        Raises:
            InputError: see `read`; a name that is neither has the nearest shipped one.
        """
        folder = resources.files("lh_eval.assets") / "configs"
        shipped = {file.name.removesuffix(".toml"): Path(str(file)) for file in folder.iterdir()}
        if name_or_path in shipped:
            return cls.read(shipped[name_or_path])
        if not Path(name_or_path).exists() and not name_or_path.endswith(".toml"):
            raise unknown_name("training config", name_or_path, shipped)
        return cls.read(Path(name_or_path))

    @classmethod
    def read(cls, path: Path) -> "TrainingConfig":
        """Read a TOML file.

        Raises:
            InputError: no such file, not TOML, an unknown or missing field, or a bad value.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"training config must be a readable file, got {path}: {error.strerror}") from None
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"training config must be TOML, got {path}: {error}") from None
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingConfig":
        """Make a config from `to_dict`'s output or from parsed TOML."""
        values = dict(values)
        for name, part in (("phases", Phase), ("stages", Stage)):
            values[name] = tuple(_build(part, name, item) for item in values.get(name, ()))
        values["optimizer"] = _build(Optimizer, "optimizer", values.get("optimizer", {}))
        values["lighthouse"] = LighthouseConfig.from_dict(values.get("lighthouse", {}))
        values["dense_layers"] = tuple(values.get("dense_layers", (0, -1)))
        return _build(cls, "training config", values)


def _build(cls: Any, name: str, values: dict[str, Any]) -> Any:
    fields = {field.name: field for field in dataclasses.fields(cls)}
    missing = [key for key, field in fields.items() if _required(field) and key not in values]
    unknown = [key for key in values if key not in fields]
    if missing or unknown:
        problem = f"no {missing[0]!r}" if missing else f"{unknown[0]!r}"
        raise InputError(f"{name} must have the fields {', '.join(fields)}, got {problem}")
    return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _required(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _part_at(parts: tuple[Any, ...], step: int) -> Any:
    for part in parts:
        if step < part.steps:
            return part
        step -= part.steps
    raise IndexError(step)


def _positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a positive integer, got {value!r}")
