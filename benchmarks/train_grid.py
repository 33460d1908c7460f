"""Trains the grid of docs/findings.md and evaluates it: a folder that `grid.py` reads.

    python benchmarks/train_grid.py runs/grid --seeds 0,1
    CUDA_VISIBLE_DEVICES=1 python benchmarks/train_grid.py runs/grid --recipes grid-dense --seeds 2

Each step is a command of `lh-eval`, printed before it runs, that goes on where it stopped or has nothing left to do; so
does the script. Calls with other recipes or seeds may share the folder, one on each GPU. An H100 takes three to four
minutes a training.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from grid_trainings import TRAINING

from lh_eval.errors import InputError
from lh_eval.store.training_folder import CHECKPOINT, LOSS_CURVE, TRAIN_CONFIG
from lh_eval.training.recipe.config import TrainingConfig

RECIPES = "grid-dense,grid-norm-k256,grid-qk-k256,grid-norm-k384,grid-qk-k384,grid-norm-k256-l5,grid-qk-k256-l5"
TASKS = "passkey,keyed"
LENGTHS = "4k,8k,16k,32k,64k"
TRIALS = "24"


def training_command(recipe: str, seed: int, run: Path) -> list[str]:
    """Train one checkpoint."""
    return ["train", recipe, "--seed", str(seed), "--out", str(run)]


def evaluation_command(
    config: TrainingConfig, task: str, run: Path, sweep: Path, arguments: Sequence[str]
) -> list[str]:
    """Evaluate it: dense, and under Lighthouse where it was trained under it."""
    how = ["--k", str(config.lighthouse.k)] if config.uses_lighthouse else ["--attention", "dense"]
    out = sweep if config.uses_lighthouse else sweep / "dense"  # as a sweep has it
    return ["niah", "--model", str(run / CHECKPOINT), "--task", task, *how, *arguments, "--out", str(out)]


def steps(options: argparse.Namespace) -> Iterator[list[str]]:
    """The commands, those of one checkpoint after another; its curve is put beside the evaluations in between.

    Raises:
        InputError: no such recipe.
    """
    recipes = [(name, TrainingConfig.find(name)) for name in options.recipes.split(",")]
    arguments = ["--lengths", options.lengths, "--trials", options.trials]
    for seed in map(int, options.seeds.split(",")):
        for recipe, config in recipes:
            run = options.runs / f"{config.name}-s{seed}"
            name = run.name.removeprefix("grid-")
            yield training_command(recipe, seed, run)
            beside = options.grid / TRAINING / name
            beside.mkdir(parents=True, exist_ok=True)
            for file in (TRAIN_CONFIG, LOSS_CURVE):
                shutil.copy(run / file, beside / file)
            for task in options.tasks.split(","):
                yield evaluation_command(config, task, run, options.grid / task / name, arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is left to do, up to the first command that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("grid", type=Path, help="folder for curves and evaluations")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for trainings and checkpoints")
    parser.add_argument("--recipes", default=RECIPES, help="shipped training configs or TOML files")
    parser.add_argument("--seeds", default="0,1", help="of weights and data")
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--lengths", default=LENGTHS)
    parser.add_argument("--trials", default=TRIALS)
    options = parser.parse_args(arguments)
    try:
        for step in steps(options):
            print(f"lh-eval {shlex.join(step)}", flush=True)
            if code := subprocess.run([sys.executable, "-m", "lh_eval", *step], check=False).returncode:
                sys.exit(code)
    except InputError as error:
        sys.exit(f"train_grid.py: error: {error}")


if __name__ == "__main__":
    main()
