"""A folder of trainings and their evaluations, read back: which recipe each is, its losses and its rows.

    GRID/training/<name>/{train.json,loss.csv}
    GRID/<task>/<name>/{dense,<scorer>-k<k>}/{config.json,samples.jsonl}

A recipe is read from train.json; names of folders say only which evaluation belongs to which training.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from lh_eval.analysis.cells import cells
from lh_eval.analysis.curves import Curve, read_curves
from lh_eval.analysis.pairing import align
from lh_eval.analysis.progress import Progress, unfinished
from lh_eval.errors import InputError
from lh_eval.store.files import read_json
from lh_eval.store.folder import PROVENANCE
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE, is_sweep, read_sweep
from lh_eval.store.training_folder import HELD_OUT, LOSS, LOSS_CURVE, TRAIN_CONFIG
from lh_eval.training.families import FAMILIES
from lh_eval.training.recipe.config import TrainingConfig

Attention = Literal["dense", "lighthouse"]  # how a checkpoint is evaluated, and a step trained
ATTENTIONS: tuple[Attention, ...] = get_args(Attention)

TRAINING = "training"
PAPER_TASK = "passkey"  # what the paper asks; it comes first
LOSSES = {HELD_OUT: HELD_OUT, LOSS: LOSS} | {name: f"loss_{name}" for name in FAMILIES}  # curve's name, ours
_LAST = 0.05  # share of the steps whose losses are the final ones


@dataclass(frozen=True)
class Grid:
    """Trainings with their evaluations.

    Attributes:
        trainings: a row a training, by recipe (dense first, then by levels, scorer and k) and seed: `recipe` as
            tables and figures name it, `scorer` (or "dense"), `k` and `num_levels` of its Lighthouse stage, `seed`,
            `longest` tokens of its sequences, sha256 of the `weights` that were evaluated, final losses (held-out
            text in nats per byte) and `tokens_per_second_<attention>` at the longest length.
        samples: rows by training (its index), task and attention.
        unfinished: of those that have samples to go, how far they are.
    """

    trainings: pd.DataFrame
    samples: dict[tuple[int, str, Attention], pd.DataFrame]
    unfinished: dict[tuple[int, str, Attention], Progress] = field(default_factory=dict)

    @property
    def recipes(self) -> dict[str, pd.DataFrame]:
        """The trainings of each recipe."""
        return {str(recipe): group for recipe, group in self.trainings.groupby("recipe", sort=False)}

    @property
    def tasks(self) -> list[str]:
        """Tasks that some training was evaluated on, the paper's first."""
        found = {task for training, task, _ in self.samples if training in self.trainings.index}
        return sorted(found, key=lambda task: (task != PAPER_TASK, task))

    @property
    def scopes(self) -> dict[str, list[str]]:
        """What a number is given for: each task, and where there are several, all of them together."""
        together = {"both" if len(self.tasks) == 2 else "all": self.tasks} if len(self.tasks) > 1 else {}
        return {task: [task] for task in self.tasks} | together

    def only(self, which: "pd.Series | list[int]") -> "Grid":
        """The grid with the trainings where `which` is true, or which it lists."""
        return Grid(self.trainings.loc[which], self.samples, self.unfinished)

    def evaluated(
        self, trainings: Iterable[int], tasks: Sequence[str], attentions: Sequence[Attention] = ("dense",)
    ) -> list[int]:
        """Those of the trainings that were evaluated on all the tasks, in each attention."""
        wanted = [(task, attention) for attention in attentions for task in tasks]
        return [training for training in trainings if all((training, *one) in self.samples for one in wanted)]

    def scores(
        self, trainings: Iterable[int], tasks: Sequence[str], attentions: Sequence[Attention] = ("dense",)
    ) -> pd.DataFrame:
        """The prompts of the tasks that all these evaluations have; scores in columns 0, 1, ..., by attention first."""
        columns = [(training, attention) for attention in attentions for training in trainings]
        sides = ([self.samples[training, task, attention] for training, attention in columns] for task in tasks)
        return pd.concat(map(align, sides), ignore_index=True)

    def cells(self, trainings: Iterable[int], task: str) -> pd.DataFrame:
        """The cells of a task, dense, over all these trainings."""
        return cells(pd.concat([self.samples[training, task, "dense"] for training in trainings], ignore_index=True))


def read_grid(path: Path) -> Grid:
    """Read every training.

    Raises:
        InputError: there is none, one is unfinished, two have one recipe and seed, or an evaluation is of another
            training than the one that it is named after.
    """
    if not any((path / TRAINING).glob(f"*/{TRAIN_CONFIG}")):
        raise InputError(
            f"grid must hold {TRAINING}/<name>/{TRAIN_CONFIG}, got {path} without one; copy the trainings there"
        )
    tasks = sorted(folder for folder in path.iterdir() if folder.is_dir() and folder.name != TRAINING)
    found: dict[tuple[Any, ...], tuple[dict[str, Any], dict[tuple[str, Attention], Run]]] = {}
    for curve in read_curves([path / TRAINING]):
        training = _read_training(curve)
        sweeps = [task / curve.path.name for task in tasks if is_sweep(task / curve.path.name)]
        runs = _read_runs(training, [run for sweep in sweeps for run in read_sweep(sweep).runs.values()])
        training["weights"] = next(map(_weights, runs.values()), None)
        order = (training["scorer"] != DENSE, training["num_levels"] or 0, training["scorer"], training["k"] or 0)
        if (*order, training["seed"]) in found:
            raise InputError(
                f"trainings must differ in recipe or seed, got {training['recipe']} with seed {training['seed']} "
                f"twice; remove {curve.path} or the other"
            )
        found[*order, training["seed"]] = training, runs
    trainings, evaluations = zip(*(found[key] for key in sorted(found)), strict=True)
    every = {(training, *key): run for training, own in enumerate(evaluations) for key, run in own.items()}
    return Grid(
        pd.DataFrame(trainings).astype({"k": "Int64", "num_levels": "Int64"}),
        {key: run.frame for key, run in every.items()},
        {key: left for key, run in every.items() if (left := unfinished(run)) is not None},
    )


def _read_training(curve: Curve) -> dict[str, Any]:
    config = TrainingConfig.from_dict(read_json(curve.path / TRAIN_CONFIG))
    if curve.rows["step"].iloc[-1] != config.steps:
        raise InputError(
            f"{curve.path / LOSS_CURVE} must go to step {config.steps}, got a curve that does not; finish the training"
        )
    recipe: dict[str, Any] = {"recipe": DENSE, "scorer": DENSE, "k": None, "num_levels": None}
    if config.uses_lighthouse:
        scorer, k, levels = config.lighthouse.scorer, config.lighthouse.k, config.lighthouse.num_levels
        recipe = {"recipe": f"{scorer} k={k} L={levels}", "scorer": scorer, "k": k, "num_levels": levels}
    longest = max(phase.length for phase in config.phases)
    return recipe | {"seed": config.seed, "longest": longest} | _last_losses(curve.rows) | _speeds(curve.rows)


def _read_runs(training: dict[str, Any], runs: Iterable[Run]) -> dict[tuple[str, Attention], Run]:
    """The evaluations that are dense or under the Lighthouse of the training."""
    found: dict[tuple[str, Attention], Run] = {}
    for run in runs:
        seed, wanted = (run.config.get(PROVENANCE) or {}).get("training_seed"), training["seed"]
        if seed not in (None, wanted):
            raise InputError(f"{run.path} must be of the training with seed {wanted}, got {seed}; evaluate it")
        attention = run.config.get("attention")
        if attention is None or (attention["scorer"], attention["k"]) == (training["scorer"], training["k"]):
            found[str(run.config["task"]), "dense" if attention is None else "lighthouse"] = run
    for run in found.values():
        if _weights(run) != _weights(next(iter(found.values()))):
            name = run.path.parent.name
            raise InputError(f"{run.path} must be of the same weights as the other tasks of {name}; evaluate it")
    return found


def _weights(run: Run) -> str | None:
    model = run.config.get("model")
    return model.get("weights_sha256") if isinstance(model, dict) else None


def _last_losses(curve: pd.DataFrame) -> dict[str, float]:
    """The means over the last steps, and the last loss of held-out text, which is of all of it."""
    last = curve[curve["step"] > (1 - _LAST) * curve["step"].iloc[-1]].reindex(columns=list(LOSSES)).mean()
    last[HELD_OUT] = curve[HELD_OUT].ffill().iloc[-1] if HELD_OUT in curve else float("nan")
    return last.rename(LOSSES).to_dict()


def _speeds(curve: pd.DataFrame) -> dict[str, float]:
    """Without the first row of each stretch of one length and attention, in which kernels are compiled."""
    kinds = curve[["length", "attention"]]
    later = (kinds == kinds.shift()).all(axis=1)
    own = curve[later & (curve["length"] == curve["length"].max())]
    medians = own.groupby("attention")["tokens_per_second"].median().reindex(ATTENTIONS)
    return medians.add_prefix("tokens_per_second_").to_dict()
