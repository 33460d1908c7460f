"""`lh-eval run --suite NAME`: several tasks in one run, and one table of them."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.analysis.effective import RULER_THRESHOLD, check_threshold
from lh_eval.cli.chatting import chat_tasks
from lh_eval.cli.closing import invalid_lines
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
    Threshold,
    TileK,
    TrustRemoteCode,
    UntilCi,
)
from lh_eval.cli.volume import Quiet, Verbose
from lh_eval.lengths import DEPTH_TOLERANCE


def run(
    ctx: typer.Context,
    suite: Annotated[str, typer.Option(help="smoke, a shipped one, or a TOML file.")] = "smoke",
    model: Model = None,
    label: Label = None,
    haystack: Haystack = None,
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
    lengths: Annotated[str | None, typer.Option(help="Tokens of the prompts, in place of the suite's.")] = None,
    depths: Annotated[
        str | None, typer.Option(help="Depths in percent, in place of the suite's.", rich_help_panel=GRID)
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Samples of each cell, in place of the suite's.")] = None,
    until_ci: UntilCi = None,
    max_trials: MaxTrials = None,
    depth_tolerance: DepthTolerance = DEPTH_TOLERANCE,
    seed: Seed = 0,
    threshold: Threshold = RULER_THRESHOLD,
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
            help="Time one sample a task and length, say how long all take, write nothing.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the suite; runs/SUITE-MODEL if not given.")] = None,
    trust_remote_code: TrustRemoteCode = False,
    config: Config = None,  # noqa: ARG001
    quiet: Quiet = False,  # noqa: ARG001
    verbose: Verbose = False,  # noqa: ARG001
    help_all: HelpAll = False,  # noqa: ARG001
) -> None:
    """Run a suite of tasks under each setting: rows, figures, and one table.

    The same command goes on where an interrupted one stopped.
    """
    check_threshold(threshold)
    length_list = parse_lengths(lengths) if lengths is not None else None
    depth_list = parse_depths(depths) if depths is not None else None
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

    from lh_eval.analysis.table import results_table
    from lh_eval.checkpoints.loading import load_checkpoint, stored_settings
    from lh_eval.cli.estimating import suite_estimate_lines
    from lh_eval.modeling.settling import Settling
    from lh_eval.publish.draw import write_figures
    from lh_eval.publish.results_table import results_notes, results_text, write_results
    from lh_eval.runs.setting import choose_settings
    from lh_eval.runs.suite import load_suite
    from lh_eval.runs.suite_run import run_suite
    from lh_eval.store.finding import find_runs

    chosen = load_suite(
        suite,
        seed=seed,
        haystack=haystack,
        wrap=lambda tasks: chat_tasks(tasks, chat, system=system, prefix=answer_prefix, thinking=thinking),
        lengths=length_list,
        depths=depth_list,
        trials=trials,
        until_ci=until_ci,
        max_trials=max_trials,
        depth_tolerance=depth_tolerance,
    )
    choose_settings(attention or [], options, stored_settings(model), reading)  # refused before weights are loaded
    checkpoint = load_checkpoint(model, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    settings = choose_settings(attention or [], options, checkpoint.defaults, reading)
    taken = Settling() if settling else None
    if dry_run:
        for line in suite_estimate_lines(
            checkpoint, chosen, settings, beyond_positions=beyond_positions, settling=taken
        ):
            typer.echo(line)
        return
    folder = out or Path("runs") / f"{chosen.name}{'-chat' * chat}-{Path(checkpoint.name).name}"
    finished = run_suite(
        checkpoint,
        chosen,
        settings,
        folder,
        batch_size=batch_size,
        beyond_positions=beyond_positions,
        label=label,
        settling=taken,
    )
    write_run_file(folder, ctx.params)
    for one in finished:
        write_figures(one.path)
    results = results_table(find_runs([one.path for one in finished]), threshold=threshold)
    typer.echo(results_text(results).to_string(index=False))
    for line in results_notes(results):
        typer.echo(line)
    for file in write_results(results, folder):
        typer.echo(f"table: {file}")
    failed = [one for one in finished if one.failed]
    for one in finished:
        for line in invalid_lines(one):
            typer.echo(line)
    if failed:
        typer.echo(f"failed: {sum(one.failed for one in failed)}, the first with {failed[0].first_error}")
        raise typer.Exit(1)
