"""`Trunk`: a finished training that kept its state, for branches to go on from."""

from pathlib import Path
from typing import NamedTuple

from lh_eval.checkpoints.locating import weights_sha256
from lh_eval.errors import InputError
from lh_eval.store.files import read_json
from lh_eval.store.training_folder import TRAIN_CONFIG
from lh_eval.training.folder import State, TrainingFolder
from lh_eval.training.recipe.branch import branch_of
from lh_eval.training.recipe.config import TrainingConfig


class Trunk(NamedTuple):
    """What branches start from.

    config: how it was trained, its phases as long as they turned out to be.
    state: its last state.
    weights_sha256: hash of the weights in it.
    """

    config: TrainingConfig
    state: State
    weights_sha256: str

    def branch(self, config: TrainingConfig) -> TrainingConfig:
        """The whole training of a branch; arguments and errors as in `branch_of`."""
        return branch_of(self.config, self.weights_sha256, config)


def read_trunk(path: Path) -> Trunk:
    """Read a finished training's folder.

    Raises:
        InputError: it is none, kept no state, or did not pass a gate.
    """
    folder = TrainingFolder(path)
    if not folder.finished or folder.state is None:
        raise InputError(
            f"from must be a finished training that kept its state, got {path}; train it with keep_state = true"
        )
    progress = folder.state.progress or {}
    for over in progress.get("over", []):
        if not over["passed"]:
            raise InputError(
                f"from must be through its gates, got {path} whose phase {over['phase']} was not after "
                f"{over['steps']} steps; train it with another seed, or give the phase more steps"
            )
    config = TrainingConfig.from_dict(read_json(path / TRAIN_CONFIG))
    config = config.lasting(progress.get("phase_steps", [phase.steps for phase in config.phases]))
    return Trunk(config, folder.state, weights_sha256(sorted(folder.state.path.glob("model*.safetensors"))))
