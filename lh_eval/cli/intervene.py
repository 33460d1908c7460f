"""`lh-eval intervene`: the same prompts with entries of needle and question forced in and out of the selection."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.chatting import chat_tasks
from lh_eval.cli.closing import invalid_lines
from lh_eval.cli.options import parse_depths, parse_layers, parse_lengths
from lh_eval.cli.panels import GRID, LIGHTHOUSE, OUTPUT, HelpAll
from lh_eval.cli.run_file import Config, write_run_file
from lh_eval.cli.settings import swept_options
from lh_eval.cli.shared import (
    AnswerPrefix,
    BatchSize,
    BeyondPositions,
    Chat,
    Combine,
    DenseLayers,
    Device,
    Dtype,
    Haystack,
    Model,
    PoolingFactor,
    Rope,
    Seed,
    Selection,
    System,
    TileK,
    TrustRemoteCode,
)
from lh_eval.cli.volume import Quiet, Verbose
from lh_eval.errors import InputError

_TRIALS, _TRIALS_ON_CPU = 10, 4


def intervene(
    ctx: typer.Context,
    model: Model = None,
    task: Annotated[str, typer.Option(help="Task, such as keyed:records=8; see lh-eval tasks.")] = "keyed",
    haystack: Haystack = None,
    chat: Chat = False,
    system: System = None,
    answer_prefix: AnswerPrefix = None,
    attention: Annotated[
        str, typer.Option(metavar="SPEC", help="The setting that is intervened on; such as lighthouse:k=512.")
    ] = "lighthouse",
    k: Annotated[str | None, typer.Option(help="Lighthouse's selection budget.")] = None,
    scorer: Annotated[
        str | None, typer.Option(help="Scorer, such as qk:dilation=8; see lh-eval scorers.", rich_help_panel=LIGHTHOUSE)
    ] = None,
    dense_layers: DenseLayers = None,
    num_levels: Annotated[str | None, typer.Option(help="Levels of the pyramid.", rich_help_panel=LIGHTHOUSE)] = None,
    pooling_factor: PoolingFactor = None,
    selection: Selection = None,
    tile_k: TileK = None,
    rope: Rope = None,
    combine: Combine = None,
    layers: Annotated[
        str | None, typer.Option(help="Layers in which entries are forced: 1,2; all under the setting if not given.")
    ] = None,
    by_layer: Annotated[bool, typer.Option("--by-layer", help="Force in each of the layers by itself.")] = False,
    lengths: Annotated[str, typer.Option(help="Tokens of the prompt: 4k,8k,16k.")] = "4k,16k",
    depths: Annotated[str, typer.Option(help="Where the needle lies, percent.", rich_help_panel=GRID)] = "15,50,85",
    trials: Annotated[
        int | None, typer.Option(help=f"Samples of each cell; {_TRIALS}, on a CPU {_TRIALS_ON_CPU}, if not given.")
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = "auto",
    batch_size: BatchSize = None,
    beyond_positions: BeyondPositions = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the runs; one below runs/ if not given.")] = None,
    trust_remote_code: TrustRemoteCode = False,
    as_json: Annotated[
        bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print the table as JSON, files on stderr.")
    ] = False,
    config: Config = None,  # noqa: ARG001
    quiet: Quiet = False,  # noqa: ARG001
    verbose: Verbose = False,  # noqa: ARG001
    help_all: HelpAll = False,  # noqa: ARG001
) -> None:
    """Ask what selection causes: entries forced in, forced out, and left alone.

    They are those of needle, question and a sham span. Each condition runs on the same prompts into a folder of its
    own; margins and rates are compared sample by sample. The same command goes on where an interrupted one stopped.
    """
    grid_lengths, grid_depths = tuple(parse_lengths(lengths)), tuple(parse_depths(depths))
    forced = parse_layers(layers) if layers is not None else []
    options = swept_options(
        scorer=scorer,
        dense_layers=dense_layers,
        num_levels=num_levels,
        pooling_factor=pooling_factor,
        selection=selection,
        tile_k=tile_k,
        rope=rope,
        combine=combine,
        k=k,
    )
    for name, values in options.items():
        if len(values) > 1:
            raise InputError(f"{name} must be one value for interventions, got {len(values)}; run each by itself")

    from lh_eval.analysis.interventions import interventions
    from lh_eval.checkpoints.loading import load_checkpoint, stored_settings
    from lh_eval.publish.interventions import interventions_text, write_interventions
    from lh_eval.publish.tabular import frame_json
    from lh_eval.runs.grid import Grid
    from lh_eval.runs.intervene import intervene as run_interventions
    from lh_eval.runs.setting import choose_settings
    from lh_eval.store.sweep import read_sweep
    from lh_eval.tasks.base import get_task
    from lh_eval.tasks.building.haystack_text import with_haystack

    if haystack is not None:
        (task,) = with_haystack([task], haystack)
    (task,) = chat_tasks([task], chat, system=system, prefix=answer_prefix, thinking=None)
    get_task(task)
    choose_settings([attention], options, stored_settings(model), "prompt")  # refused before weights are loaded
    checkpoint = load_checkpoint(model, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    (setting,) = choose_settings([attention], options, checkpoint.defaults, "prompt")
    if trials is None:
        trials = _TRIALS_ON_CPU if checkpoint.model.device.type == "cpu" else _TRIALS
    finished = run_interventions(
        checkpoint,
        Grid(task=task, lengths=grid_lengths, depths=grid_depths, trials=trials, seed=seed),
        setting,
        out,
        layers=forced,
        by_layer=by_layer,
        batch_size=batch_size,
        beyond_positions=beyond_positions,
    )
    write_run_file(finished.path, ctx.params)
    sweep = read_sweep(finished.path)
    table = interventions(sweep.runs)
    files = write_interventions(table, sweep)
    if as_json:
        typer.echo(frame_json(table))
    else:
        typer.echo(interventions_text(table).to_string(index=False))
    typer.echo(f"table: {files[0]}", err=as_json)
    typer.echo(f"figure: {files[2]}", err=as_json)
    for line in invalid_lines(finished):
        typer.echo(line, err=as_json)
    if finished.failed:
        typer.echo(f"failed: {finished.failed}, the first with {finished.first_error}", err=as_json)
        raise typer.Exit(1)
