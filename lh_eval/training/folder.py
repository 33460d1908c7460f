"""`TrainingFolder`: what one training run leaves on disk, so that no call of `train` undoes another's work."""

import json
import shutil
from pathlib import Path

from accelerate import Accelerator
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lh_eval.checkpoints.quiet import quiet_transformers
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError
from lh_eval.store.files import read_json, write_json
from lh_eval.store.training_folder import CHECKPOINT, LOSS_CURVE, STATE, TRAIN_CONFIG
from lh_eval.training.loss_log import rows_of
from lh_eval.training.recipe.config import TrainingConfig


class TrainingFolder:
    """`train.json` and `loss.csv`, `state/` from before the first step to the end, `checkpoint/` from then on.

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
            if others and read_json(self.path / TRAIN_CONFIG) != values:
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

    def save_state(self, accelerator: Accelerator, step: int) -> None:
        """Save weights, optimiser and generators; the older state goes when the new one is whole."""
        accelerator.wait_for_everyone()
        accelerator.save_state(str(self._state / f"step-{step}"))
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            part = self._latest.with_name("latest.part")
            part.write_text(str(step), encoding="utf-8")
            part.replace(self._latest)
            for folder in self._state.glob("step-*"):
                if folder.name != f"step-{step}":
                    shutil.rmtree(folder)

    def resume(self, accelerator: Accelerator) -> int:
        """Load the last whole state; returns the first step that is still to run.

        A new run saves its first state here: a loss curve without one is then never a run that was killed.
        """
        if not self._latest.exists():
            self.save_state(accelerator, 0)
            return 0
        step = int(self._latest.read_text(encoding="utf-8"))
        accelerator.load_state(str(self._state / f"step-{step}"))
        return step

    def finish(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: TrainingConfig) -> None:
        """Write the checkpoint, a transformers folder in bfloat16 with its training's settings; drop the state."""
        part = self.checkpoint.with_name(CHECKPOINT + ".part")
        shutil.rmtree(part, ignore_errors=True)
        with quiet_transformers():
            model.bfloat16().save_pretrained(part)
            tokenizer.save_pretrained(part)
        settings = CheckpointSettings(
            config=config.lighthouse, dense_layers=config.dense_layers, training=config.to_dict()
        )
        settings.write(part)
        part.replace(self.checkpoint)
        shutil.rmtree(self._state, ignore_errors=True)
