"""`lh-eval train CONFIG`: train a checkpoint by the two-stage recipe."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.volume import Quiet
from lh_eval.errors import InputError
from lh_eval.interrupts import resumable
from lh_eval.store.files import short


def train(
    config: Annotated[str, typer.Argument(help="Training config: a TOML file, or a shipped name such as lh-passkey.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/<name> if not given.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed instead of the config's; the name ends in -s<seed> then.")
    ] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Folder of the finished training that the config is a branch of.")
    ] = None,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between saved states.")] = 500,
    log_every: Annotated[int, typer.Option(min=1, help="Steps between rows of the loss curve.")] = 20,
    workers: Annotated[int, typer.Option(min=0, help="Processes that make batches.")] = 2,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop and save after so many steps.")] = None,
    quiet: Quiet = False,  # noqa: ARG001
) -> None:
    """Train a byte-level model, or go on: Lighthouse attention first, then dense.

    Run under `accelerate launch -m lh_eval train CONFIG` for several GPUs.
    """
    from safetensors import SafetensorError

    from lh_eval.training.folder import TrainingFolder
    from lh_eval.training.loop import Pace
    from lh_eval.training.loop import train as run
    from lh_eval.training.recipe.config import TrainingConfig
    from lh_eval.training.trunk import read_trunk

    settings = TrainingConfig.find(config)
    if from_ is not None:
        if seed is not None:
            raise InputError(f"seed must be left out with --from, got {seed}; a branch has its trunk's")
        seed = read_trunk(from_).config.seed
    if seed is not None:
        settings = dataclasses.replace(settings, name=f"{settings.name}-s{seed}", seed=seed)
    folder = out or Path("runs") / settings.name
    pace = Pace(log_every=log_every, save_every=save_every, workers=workers, max_steps=max_steps)
    before = TrainingFolder(folder).finished
    try:
        with resumable(f"the last saved state is in {folder}; the same command goes on from there"):
            checkpoint = run(settings, folder, pace=pace, trunk=from_)
    except (OSError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "StreamWriter" not in str(error):  # which torch.save fails with
            raise
        raise InputError(
            f"out must be a folder that can be written, got {folder} ({short(error)}); the last saved state is kept: "
            "make that possible, and the same command goes on from there"
        ) from None
    if checkpoint is None:
        typer.echo(f"stopped after {max_steps} steps; the same command goes on from there: {folder}")
    else:
        typer.echo(f"checkpoint{', finished before; nothing was trained' if before else ''}: {checkpoint}")
