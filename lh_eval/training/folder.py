"""`TrainingFolder`: what one training run leaves on disk, so that no call of `train` undoes another's work."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from accelerate import Accelerator
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lh_eval.checkpoints.quiet import quiet_transformers
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError
from lh_eval.store.files import read_json, write_json
from lh_eval.store.training_folder import CHECKPOINT, GATES, KEPT, LOSS_CURVE, STATE, TRAIN_CONFIG
from lh_eval.training.loss_log import rows_of
from lh_eval.training.progress import Progress
from lh_eval.training.recipe.config import TrainingConfig

_PROGRESS = "progress.json"  # in a state, of a training with gates
_SHARD = 15_000_000  # bytes; what moves results in files of 16 MiB takes it, header included


class State(NamedTuple):
    """A saved state.

    path: its folder.
    step: first step that is still to run.
    """

    path: Path
    step: int

    @property
    def progress(self) -> dict[str, Any] | None:
        """What `Progress.to_dict` gave; None without gates."""
        file = self.path / _PROGRESS
        return read_json(file) if file.exists() else None


class TrainingFolder:
    """`train.json` and `loss.csv`, `state/` from before the first step to the end, `checkpoint/` from then on.

    Where the config says so, `checkpoints/` on the way and the last `state/` stay; with gates there is `gates.json`.

    Attributes:
        path: the folder.
        loss: the loss curve.
        checkpoint: the finished checkpoint, whole where it exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loss = path / LOSS_CURVE
        self.checkpoint = path / CHECKPOINT
        self._state = path / STATE
        self._latest = self._state / "latest"

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return self.checkpoint.exists()

    @property
    def state(self) -> State | None:
        """The last whole state."""
        if not self._latest.exists():
            return None
        step = int(self._latest.read_text(encoding="utf-8"))
        return State(self._state / f"step-{step}", step)

    def claim(self, config: TrainingConfig) -> None:
        """Take the folder for this configuration.

        Raises:
            InputError: it holds a run of another configuration, a loss curve that no state goes on from, or anything
                else, or it cannot be written.
        """
        values = json.loads(json.dumps(config.to_dict()))
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            others = sorted({file.name for file in self.path.iterdir()} - {TRAIN_CONFIG + ".part"})
            if others and TRAIN_CONFIG not in others:
                raise InputError(f"out must be empty or a training run, got {self.path} which holds {others[0]}")
            if others and _as_written_now(read_json(self.path / TRAIN_CONFIG)) != values:
                raise InputError(
                    f"out must be a folder of this configuration, got {self.path} of another; choose another --out"
                )
            if rows_of(self.loss) and not self.finished and not self._latest.exists():
                raise InputError(
                    f"out must be a run that can be gone on with, got {self.path} which has a loss curve but no state "
                    "and no checkpoint; choose another --out"
                )
            if not others:
                write_json(self.path / TRAIN_CONFIG, values)
        except OSError as error:
            raise InputError(
                f"out must be a folder that can be written, got {self.path} ({error.strerror}); choose another --out"
            ) from None

    def save_state(self, accelerator: Accelerator, step: int, progress: Progress) -> None:
        """Save weights, optimiser, generators and gates; the older state goes when the new one is whole."""
        accelerator.wait_for_everyone()
        accelerator.save_state(str(self._state / f"step-{step}"))
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            if progress.config.gated:
                write_json(self._state / f"step-{step}" / _PROGRESS, progress.to_dict())
            part = self._latest.with_name("latest.part")
            part.write_text(str(step), encoding="utf-8")
            part.replace(self._latest)
            for folder in self._state.glob("step-*"):
                if folder.name != f"step-{step}":
                    shutil.rmtree(folder)

    def resume(self, accelerator: Accelerator, config: TrainingConfig, trunk: State | None) -> tuple[int, Progress]:
        """Load the last whole state, of a new branch the trunk's; returns the first step that is still to run.

        A new run saves its first state here: a loss curve without one is then never a run that was killed.
        """
        state = self.state or trunk
        if state is not None:
            accelerator.load_state(str(state.path))
        if self.state is None:
            progress = Progress(config, accelerator)
            self.save_state(accelerator, config.first_step, progress)
            return config.first_step, progress
        return self.state.step, Progress(config, accelerator, self.state.progress)

    def keep(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: TrainingConfig, name: str, step: int
    ) -> None:
        """Write a checkpoint from on the way, as the last one but in files of at most 16 MiB."""
        target = self.path / KEPT / name
        target.parent.mkdir(exist_ok=True)
        _write_checkpoint(target, copy.deepcopy(model), tokenizer, config, step=step, max_shard_size=_SHARD)

    def finish(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, progress: Progress) -> None:
        """Write the checkpoint, a transformers folder in bfloat16 with its training's settings; drop the state."""
        config = progress.config
        if config.gated:
            write_json(self.path / GATES, {"over": progress.to_dict()["over"]})
        _write_checkpoint(self.checkpoint, model, tokenizer, config)
        if not config.keep_state:
            shutil.rmtree(self._state, ignore_errors=True)


def _write_checkpoint(
    target: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    config: TrainingConfig,
    *,
    step: int | None = None,
    **saving: Any,
) -> None:
    """Write a folder whole or not at all; `model` becomes bfloat16."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with quiet_transformers():
        model.bfloat16().save_pretrained(part, **saving)
        tokenizer.save_pretrained(part)
    training = config.to_dict() | ({} if step is None else {"step": step})
    CheckpointSettings(config=config.lighthouse, dense_layers=config.dense_layers, training=training).write(part)
    shutil.rmtree(target, ignore_errors=True)
    part.replace(target)


def _as_written_now(values: dict[str, Any]) -> dict[str, Any]:
    """A train.json of another version, as this one would have written it; one that it cannot read stays."""
    try:
        return json.loads(json.dumps(TrainingConfig.from_dict(values).to_dict()))
    except InputError:
        return values
