"""What a folder of trainings and their evaluations holds, read back: which recipe each is, its losses and its rows.

    GRID/training/<name>/{train.json,loss.csv}
    GRID/<task>/<name>/{dense,<scorer>-k<k>}/{config.json,samples.jsonl}

A recipe is read from train.json; names of folders say only which evaluation belongs to which training.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import pandas as pd

from lh_eval.errors import InputError
from lh_eval.store.files import read_json
from lh_eval.store.folder import PROVENANCE
from lh_eval.store.run import Run
from lh_eval.store.sweep import is_sweep, read_sweep
from lh_eval.store.training_folder import HELD_OUT, LOSS, LOSS_CURVE, TRAIN_CONFIG
from lh_eval.training.families import FAMILIES
from lh_eval.training.recipe.config import TrainingConfig

Attention = Literal["dense", "lighthouse"]  # how a checkpoint is evaluated, and a step trained
ATTENTIONS: tuple[Attention, ...] = get_args(Attention)

TRAINING = "training"
PAPER_TASK = "passkey"  # what the paper asks; it comes first
LOSSES = (HELD_OUT, LOSS, *FAMILIES)
_LAST = 0.05  # share of the steps whose losses are the final ones


class Recipe(NamedTuple):
    """What trainings of several seeds have in common; all None is dense attention from scratch.

    scorer: scorer spec of the Lighthouse stage.
    k: its selection budget.
    num_levels: its levels (the paper's L).
    """

    scorer: str | None = None
    k: int | None = None
    num_levels: int | None = None

    @property
    def label(self) -> str:
        """How tables and figures name it."""
        return "dense" if self.scorer is None else f"{self.scorer} k={self.k} L={self.num_levels}"

    @property
    def order(self) -> tuple[bool, int, str, int]:
        """Sort key: dense first, then by levels, scorer and budget."""
        return (self.scorer is not None, self.num_levels or 0, self.scorer or "", self.k or 0)


class Training(NamedTuple):
    """One training with its evaluations.

    recipe: what it shares with other seeds.
    seed: of its weights and data.
    longest: tokens of its longest sequences.
    losses: of `LOSSES`, those that its curve has; held-out text in nats per byte.
    speeds: tokens per second at the longest length in each attention, the median over its curve's rows.
    runs: by task and attention.
    """

    recipe: Recipe
    seed: int
    longest: int
    losses: dict[str, float]
    speeds: dict[Attention, float]
    runs: dict[tuple[str, Attention], Run]

    @property
    def weights(self) -> str | None:
        """Hash of the weights that were evaluated; None where no run is there or none has it."""
        for run in self.runs.values():
            model = run.config.get("model")
            return model.get("weights_sha256") if isinstance(model, dict) else None
        return None


def read_grid(path: Path) -> list[Training]:
    """Read every training, sorted by recipe and seed.

    Raises:
        InputError: there is none, one is unfinished, two have one recipe and seed, or an evaluation is of another
            training than the one that it is named after.
    """
    folders = sorted(file.parent for file in (path / TRAINING).glob(f"*/{TRAIN_CONFIG}"))
    if not folders:
        raise InputError(
            f"grid must hold {TRAINING}/<name>/{TRAIN_CONFIG}, got {path} without one; copy the trainings there"
        )
    tasks = sorted(folder for folder in path.iterdir() if folder.is_dir() and folder.name != TRAINING)
    found: dict[tuple[Recipe, int], Training] = {}
    for folder in folders:
        sweeps = [task / folder.name for task in tasks if is_sweep(task / folder.name)]
        training = _read_training(folder, sweeps)
        if (training.recipe, training.seed) in found:
            raise InputError(
                f"trainings must differ in recipe or seed, got {training.recipe.label} with seed {training.seed} "
                f"twice; remove {folder} or the other"
            )
        found[training.recipe, training.seed] = training
    return sorted(found.values(), key=lambda training: (training.recipe.order, training.seed))


def by_recipe(trainings: Iterable[Training]) -> dict[Recipe, list[Training]]:
    """The trainings of each recipe, in their order."""
    groups: dict[Recipe, list[Training]] = {}
    for training in trainings:
        groups.setdefault(training.recipe, []).append(training)
    return groups


def tasks_of(trainings: Iterable[Training]) -> list[str]:
    """Tasks that some training was evaluated on, the paper's first."""
    found = {task for training in trainings for task, _ in training.runs}
    return sorted(found, key=lambda task: (task != PAPER_TASK, task))


def scopes_of(trainings: Iterable[Training]) -> dict[str, list[str]]:
    """What a number is given for: each task, and where there are several, all of them together."""
    tasks = tasks_of(trainings)
    together = {"both" if len(tasks) == 2 else "all": tasks} if len(tasks) > 1 else {}
    return {task: [task] for task in tasks} | together


def _read_training(folder: Path, sweeps: list[Path]) -> Training:
    config = TrainingConfig.from_dict(read_json(folder / TRAIN_CONFIG))
    lighthouse = config.lighthouse
    recipe = Recipe(lighthouse.scorer, lighthouse.k, lighthouse.num_levels) if config.uses_lighthouse else Recipe()
    runs: dict[tuple[str, Attention], Run] = {}
    for sweep in sweeps:
        for run in read_sweep(sweep).runs.values():
            seed = (run.config.get(PROVENANCE) or {}).get("training_seed", config.seed)
            if seed != config.seed:
                raise InputError(f"{run.path} must be of the training with seed {config.seed}, got {seed}; evaluate it")
            attention = run.config.get("attention")
            if attention is None:
                runs[str(run.config["task"]), "dense"] = run
            elif (attention["scorer"], attention["k"]) == (recipe.scorer, recipe.k):
                runs[str(run.config["task"]), "lighthouse"] = run
    curve = _read_curve(folder / LOSS_CURVE, config.steps)
    longest = max(phase.length for phase in config.phases)
    training = Training(recipe, config.seed, longest, _last_losses(curve), _speeds(curve), runs)
    for run in runs.values():
        if (run.config.get("model") or {}).get("weights_sha256") != training.weights:
            raise InputError(f"{run.path} must be of the same weights as the other tasks of {folder.name}; evaluate it")
    return training


def _read_curve(file: Path, steps: int) -> pd.DataFrame:
    try:
        curve = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{file} must be a loss curve, got {error}; copy it from the training") from None
    if curve.empty or int(curve["step"].iloc[-1]) != steps:
        raise InputError(f"{file} must go to step {steps}, got a curve that does not; finish the training")
    return curve


def _last_losses(curve: pd.DataFrame) -> dict[str, float]:
    """The means over the last steps, and the last loss of held-out text, which is of all of it."""
    last = curve[curve["step"] > (1 - _LAST) * curve["step"].iloc[-1]]
    losses = {name: last[name].mean() for name in LOSSES if name in curve and name != HELD_OUT}
    held_out = curve[HELD_OUT].dropna() if HELD_OUT in curve else pd.Series(dtype=float)
    if len(held_out):
        losses[HELD_OUT] = held_out.iloc[-1]
    return {name: float(value) for name, value in losses.items() if value == value}


def _speeds(curve: pd.DataFrame) -> dict[Attention, float]:
    """Without the first row of each stretch of one length and attention, in which kernels are compiled."""
    kinds = curve[["length", "attention"]]
    later = (kinds == kinds.shift()).all(axis=1)
    own = curve[later & (curve["length"] == curve["length"].max())]
    medians = own.groupby("attention")["tokens_per_second"].median().dropna()
    return {attention: float(medians[attention]) for attention in ATTENTIONS if attention in medians}
