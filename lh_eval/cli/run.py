"""`lh-eval run --suite NAME`: several tasks in one run, and one table of them."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.analysis.effective import RULER_THRESHOLD, check_threshold
from lh_eval.cli.chatting import chat_tasks
from lh_eval.cli.closing import invalid_lines
from lh_eval.cli.options import parse_depths, parse_lengths
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
