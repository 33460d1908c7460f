"""`lh-eval niah`: a checkpoint's retrieval rate over depth and length, as rows, cells and a heatmap."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lh_eval.cli.chatting import chat_tasks
from lh_eval.cli.closing import closing_lines
from lh_eval.cli.options import parse_depths, parse_lengths
from lh_eval.cli.panels import GRID, OUTPUT, HelpAll
from lh_eval.cli.run_file import Config, write_run_file
from lh_eval.cli.settings import swept_options
from lh_eval.cli.shared import (
    AnswerPrefix,
    Attention,
    BatchSize,
    BeyondPositions,
    Budgets,
    Chat,
    Combine,
    DenseLayers,
    DepthTolerance,
    Device,
    Dtype,
    Haystack,
    Label,
    MaxTrials,
    Model,
    NumLevels,
    PoolingFactor,
    Reading,
    Rope,
    Scorers,
    Seed,
    Selection,
    SettlingDepths,
    System,
    Thinking,
    TileK,
    TrustRemoteCode,
    UntilCi,
)
from lh_eval.cli.volume import Quiet, Verbose
from lh_eval.lengths import DEPTH_TOLERANCE

if TYPE_CHECKING:
    from lh_eval.checkpoints.loading import Checkpoint

_DEFAULT_LENGTHS = (1024, 4096, 16384)
_TRIALS, _TRIALS_ON_CPU = 10, 2  # two cores take about a minute for the default grid


def niah(
    ctx: typer.Context,
    model: Model = None,
    label: Label = None,
    task: Annotated[str, typer.Option(help="Task, such as keyed:records=8; see lh-eval tasks.")] = "passkey",
    haystack: Haystack = None,
    needle: Annotated[
        str | None,
        typer.Option(
            help="A needle of your own, with --question and --answer, in the place of a task.", rich_help_panel=GRID
        ),
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="Its question; it ends where the answer follows.", rich_help_panel=GRID)
    ] = None,
    answer: Annotated[str | None, typer.Option(help="Its answer, words of the needle.", rich_help_panel=GRID)] = None,
    chat: Chat = False,
    system: System = None,
    answer_prefix: AnswerPrefix = None,
    thinking: Thinking = None,
    attention: Attention = None,
    reading: Reading = None,
    k: Budgets = None,
    scorer: Scorers = None,
    dense_layers: DenseLayers = None,
    num_levels: NumLevels = None,
    pooling_factor: PoolingFactor = None,
    selection: Selection = None,
    tile_k: TileK = None,
    rope: Rope = None,
    combine: Combine = None,
    lengths: Annotated[str | None, typer.Option(help="Tokens of the prompt: 4k,8k,16k.")] = None,
    depths: Annotated[
        str, typer.Option(help="Where the needle lies, percent.", rich_help_panel=GRID)
    ] = "0,15,30,50,70,85,100",
    trials: Annotated[
        int | None, typer.Option(help=f"Samples of each cell; {_TRIALS}, on a CPU {_TRIALS_ON_CPU}, if not given.")
    ] = None,
    until_ci: UntilCi = None,
    max_trials: MaxTrials = None,
    depth_tolerance: DepthTolerance = DEPTH_TOLERANCE,
    seed: Seed = 0,
    device: Device = "auto",
    dtype: Dtype = "auto",
    batch_size: BatchSize = None,
    beyond_positions: BeyondPositions = False,
    settling: SettlingDepths = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            rich_help_panel=OUTPUT,
            help="Time one sample a length, say how long the grid takes, write nothing.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; one below runs/ if not given.")] = None,
    trust_remote_code: TrustRemoteCode = False,
    config: Config = None,  # noqa: ARG001
    quiet: Quiet = False,  # noqa: ARG001
    verbose: Verbose = False,  # noqa: ARG001
    help_all: HelpAll = False,  # noqa: ARG001
) -> None:
    """Find the needle: retrieval rate by depth and length under any attention.

    The same command goes on where an interrupted one stopped; at most the batch in flight is lost.
    Lighthouse settings that are not given are those of the checkpoint's lighthouse.json.
    """
    depth_list = parse_depths(depths)
    length_list = parse_lengths(lengths) if lengths is not None else None
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

    from lh_eval.analysis.sweep import sweep_table
    from lh_eval.checkpoints.loading import load_checkpoint, stored_settings
    from lh_eval.cli.estimating import estimate_lines
    from lh_eval.modeling.settling import Settling
    from lh_eval.publish.draw import write_figures
    from lh_eval.publish.sweep_table import write_sweep_table
    from lh_eval.runs.grid import Grid
    from lh_eval.runs.run import run
    from lh_eval.runs.setting import choose_settings
    from lh_eval.store.sweep import read_sweep
    from lh_eval.tasks.base import get_task, questions_of
    from lh_eval.tasks.building.haystack_text import with_haystack
    from lh_eval.tasks.needle import own_needle

    source = ctx.get_parameter_source("task")  # a run file names every option
    stated = task if source is not None and source.name == "COMMANDLINE" else None
    task = own_needle(stated, needle=needle, question=question, answer=answer) or task
    if haystack is not None:
        (task,) = with_haystack([task], haystack)
    (task,) = chat_tasks([task], chat, system=system, prefix=answer_prefix, thinking=thinking)
    get_task(task)
    grid = Grid(  # before weights are loaded, which may take minutes; what the model decides comes after
        task=task,
        lengths=tuple(length_list or _DEFAULT_LENGTHS),
        depths=tuple(depth_list),
        trials=_TRIALS_ON_CPU if trials is None else trials,
        seed=seed,
        until_ci=until_ci,
        max_trials=max_trials,
        depth_tolerance=depth_tolerance,
    )
    choose_settings(attention or [], options, stored_settings(model), reading)  # refused before weights are loaded
    checkpoint = load_checkpoint(model, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    settings = choose_settings(attention or [], options, checkpoint.defaults, reading)
    if trials is None:
        trials = _TRIALS_ON_CPU if checkpoint.model.device.type == "cpu" else _TRIALS
    grid = Grid(
        **vars(grid)
        | {"lengths": tuple(length_list or _lengths_of(checkpoint, task)), "trials": trials, "max_trials": max_trials}
    )
    taken = Settling() if settling else None
    if dry_run:
        for line in estimate_lines(
            checkpoint, grid.at_most(), settings, beyond_positions=beyond_positions, settling=taken
        ):
            typer.echo(line)
        return
    finished = run(
        checkpoint,
        grid,
        settings,
        out,
        batch_size=batch_size,
        beyond_positions=beyond_positions,
        label=label,
        settling=taken,
    )
    write_run_file(finished.path, ctx.params)
    figures = write_figures(finished.path)
    if len(settings) > 1:
        for setting in settings:
            write_figures(finished.path / setting.name)
    for line in closing_lines(finished):
        typer.echo(line)
    if len(settings) > 1:
        table = sweep_table(read_sweep(finished.path).runs, questions=questions_of(get_task(task)))
        typer.echo(f"table: {write_sweep_table(table, finished.path)[0]}")
    typer.echo(f"figure: {figures[0]}")
    if finished.failed:
        raise typer.Exit(1)


def _lengths_of(checkpoint: "Checkpoint", task: str) -> list[int]:
    """The default lengths that the model's positions reach with the answer; half of them where they reach none."""
    from lh_eval.errors import InputError
    from lh_eval.runs.checking import positions
    from lh_eval.tasks.base import get_task

    most = positions(checkpoint.model)
    if most is None:
        return list(_DEFAULT_LENGTHS)
    shortest = min(_DEFAULT_LENGTHS[0], max(1, most // 2))
    try:
        sample = get_task(task).sample(checkpoint.tokenizer, length=shortest, depth=50, trial=0)
    except InputError:
        answer = 0  # the check of the grid says what is wrong
    else:
        answer = sample.max_new_tokens
    return [length for length in _DEFAULT_LENGTHS if length + answer <= most] or [shortest]
