"""Trains a trunk, a branch of it, or the dense steps behind a branch, into the experiment's folder."""

import dataclasses
import shutil
from pathlib import Path
from typing import NamedTuple

from lh_eval.attention.config import LighthouseConfig
from lh_eval.store.files import read_json
from lh_eval.store.training_folder import CHECKPOINT, GATES, KEPT, LOSS_CURVE, TRAIN_CONFIG
from lh_eval.studies.branches.plan import Cell, Kind
from lh_eval.training.loop import Pace, train
from lh_eval.training.recipe.config import TrainingConfig

ROWS = "rows"  # what is read back; the rest are weights and states
LIGHTHOUSE = "lighthouse"  # the checkpoint at the end of that stage


class Recipes(NamedTuple):
    """The configs: shipped names or TOML files.

    trunk: what all branches of a seed start from.
    lighthouse: the branch, its Lighthouse settings those of its cell.
    dense: what follows a branch.
    """

    trunk: str = "branches-trunk"
    lighthouse: str = "branches-lighthouse"
    dense: str = "branches-dense"


@dataclasses.dataclass(frozen=True)
class Trainings:
    """The experiment's trainings, each where it is looked for again.

    Attributes:
        out: the experiment's folder.
        recipes: the configs.
        pace: logging and saving.
    """

    out: Path
    recipes: Recipes
    pace: Pace

    def trunk(self, seed: int) -> bool:
        """Train a seed's trunk; returns whether it passed its gates."""
        config = _named(TrainingConfig.find(self.recipes.trunk), f"trunk-s{seed}", seed)
        folder = self._trunk_folder(seed)
        train(config, folder, pace=self.pace)
        self._copy(folder, f"trunk-s{seed}", "trunk")
        return self.passed(seed)

    def trunk_trained(self, seed: int) -> bool:
        """Whether a seed's trunk is there."""
        return (self._trunk_folder(seed) / CHECKPOINT).exists()

    def passed(self, seed: int) -> bool:
        """Whether a seed's trunk is there and passed its gates; one without gates has."""
        file = self._trunk_folder(seed) / GATES
        return not file.exists() or all(over["passed"] for over in read_json(file)["over"])

    def branch(self, cell: Cell, seed: int) -> dict[str, Path]:
        """Train a cell's branch; returns its kept checkpoints by name."""
        config = TrainingConfig.find(self.recipes.lighthouse)
        if cell.scorer is None:
            stages = tuple(dataclasses.replace(stage, attention="dense") for stage in config.stages)
            config = dataclasses.replace(config, stages=stages)
        else:
            options = {"scorer": cell.scorer, "k": cell.k} | ({} if cell.rope == "before" else {"rope": cell.rope})
            lighthouse = LighthouseConfig.from_dict(config.lighthouse.to_dict() | options)
            config = dataclasses.replace(config, lighthouse=lighthouse)
        name = f"{cell.name}-s{seed}"
        train(_named(config, name, seed), self._folder(name), pace=self.pace, trunk=self._trunk_folder(seed))
        self._copy(self._folder(name), name, LIGHTHOUSE)
        return self.kept(cell, seed)

    def resume(self, cell: Cell, seed: int) -> dict[str, Path]:
        """Train the dense steps behind a cell's branch; returns its kept checkpoints by name."""
        name, branch = f"{cell.name}-dense-s{seed}", self._folder(f"{cell.name}-s{seed}")
        config = TrainingConfig.find(self.recipes.dense)
        if cell.scorer is not None:  # what the kept checkpoints are read under
            lighthouse = TrainingConfig.from_dict(read_json(branch / TRAIN_CONFIG)).lighthouse
            config = dataclasses.replace(config, lighthouse=lighthouse)
        train(_named(config, name, seed), self._folder(name), pace=self.pace, trunk=branch)
        self._copy(self._folder(name), f"{cell.name}-s{seed}", "dense")
        return _kept(self._folder(name))

    def kept(self, cell: Cell, seed: int) -> dict[str, Path]:
        """The kept checkpoints of a cell's branch by name, as far as it is trained."""
        return _kept(self._folder(f"{cell.name}-s{seed}"))

    def names(self, kind: Kind) -> list[str]:
        """The checkpoints that a job of a kind evaluates."""
        return list(TrainingConfig.find(self.recipes.dense if kind == "resume" else self.recipes.lighthouse).keep)

    def rows(self, name: str) -> Path:
        """Where the rows of a training lie, and copies of its configuration and curve."""
        return self.out / ROWS / name

    def _trunk_folder(self, seed: int) -> Path:
        return self.out / "trunks" / f"s{seed}"

    def _folder(self, name: str) -> Path:
        return self.out / "trainings" / name

    def _copy(self, folder: Path, name: str, part: str) -> None:
        """Copy configuration and loss curve to where the rows lie."""
        target = self.rows(name) / part
        target.mkdir(parents=True, exist_ok=True)
        for file in (TRAIN_CONFIG, LOSS_CURVE, GATES):
            if (folder / file).exists():
                shutil.copy(folder / file, target / file)


def _named(config: TrainingConfig, name: str, seed: int) -> TrainingConfig:
    return dataclasses.replace(config, name=name, seed=seed)


def _kept(folder: Path) -> dict[str, Path]:
    found = sorted((folder / KEPT).glob("*")) if (folder / KEPT).is_dir() else []
    return {path.name: path for path in found if not path.name.endswith(".part")}
