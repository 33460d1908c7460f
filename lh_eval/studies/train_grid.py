"""Trains the grid of docs/findings.md and evaluates it: a folder that `lh_eval.studies.grid` reads.

    python -m lh_eval.studies.train_grid runs/grid --seeds 0,1
    CUDA_VISIBLE_DEVICES=1 python -m lh_eval.studies.train_grid runs/grid --recipes grid-dense --seeds 2

Each step is a command of `lh-eval`, printed before it runs, that goes on where it stopped or has nothing left to do; so
does the study. Calls with other recipes or seeds may share the folder, one on each GPU. An H100 takes three to four
minutes a training.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from lh_eval.store.training_folder import CHECKPOINT, LOSS_CURVE, TRAIN_CONFIG
from lh_eval.studies.command import run
from lh_eval.studies.grid.trainings import TRAINING
from lh_eval.training.recipe.config import TrainingConfig

RECIPES = "grid-dense,grid-norm-k256,grid-qk-k256,grid-norm-k384,grid-qk-k384,grid-norm-k256-l5,grid-qk-k256-l5"


def train_grid(
    grid: Annotated[Path, typer.Argument(help="Folder for curves and evaluations.")],
    runs: Annotated[Path, typer.Option(help="Folder for trainings and checkpoints.")] = Path("runs"),
    recipes: Annotated[str, typer.Option(help="Shipped training configs or TOML files.")] = RECIPES,
    seeds: Annotated[str, typer.Option(help="Of weights and data.")] = "0,1",
    tasks: Annotated[str, typer.Option(help="Task specs.")] = "passkey,keyed",
    lengths: Annotated[str, typer.Option(help="In tokens.")] = "4k,8k,16k,32k,64k",
    trials: Annotated[int, typer.Option(help="Of a length and depth.")] = 24,
) -> None:
    """Run what is left to do, one checkpoint after another, up to the first command that fails."""
    configs = {recipe: TrainingConfig.find(recipe) for recipe in recipes.split(",")}
    for seed in seeds.split(","):
        for recipe, config in configs.items():
            trained = runs / f"{config.name}-s{seed}"
            name = trained.name.removeprefix("grid-")
            _run("train", recipe, "--seed", seed, "--out", trained)
            curve = grid / TRAINING / name
            curve.mkdir(parents=True, exist_ok=True)
            for file in (TRAIN_CONFIG, LOSS_CURVE):
                shutil.copy(trained / file, curve / file)
            for task in tasks.split(","):
                checkpoint = ["--model", trained / CHECKPOINT, "--task", task]
                place = ["--lengths", lengths, "--trials", trials, "--out", grid / task / name]
                if config.uses_lighthouse:  # under it, and dense beside it
                    _run("niah", *checkpoint, "--k", config.lighthouse.k, "--reading", "context", *place)
                else:
                    _run("niah", *checkpoint, "--attention", "dense", *place[:-1], grid / task / name / "dense")


def _run(*arguments: object) -> None:
    """Run a command of lh-eval; a failure ends the study with its exit code."""
    line = [str(argument) for argument in arguments]
    typer.echo(f"lh-eval {shlex.join(line)}")
    if code := subprocess.run([sys.executable, "-m", "lh_eval", *line], check=False).returncode:
        raise typer.Exit(code)


if __name__ == "__main__":
    run(train_grid)
