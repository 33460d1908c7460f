"""`lh-eval table RUN...`: one table of runs, their rates by length and how far each setting reaches."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.analysis.effective import RULER_THRESHOLD
from lh_eval.cli.shared import Threshold, note


def table(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, sweeps or suites.")],
    out: Annotated[Path | None, typer.Option(help="Folder for table.csv and table.tex; only printed if none.")] = None,
    threshold: Threshold = RULER_THRESHOLD,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a row, every digit, instead.")] = False,
) -> None:
    """Print the rates of runs by length, their area over it, and the effective length; as CSV and LaTeX with --out."""
    from lh_eval.analysis.table import results_table
    from lh_eval.publish.results_table import results_notes, results_text, write_results
    from lh_eval.publish.tabular import frame_json
    from lh_eval.store.finding import find_runs

    results = results_table(find_runs(runs, passed=note), threshold=threshold)
    if as_json:
        typer.echo(frame_json(results))
    else:
        typer.echo(results_text(results).to_string(index=False))
    for line in results_notes(results):
        typer.echo(line, err=as_json)
    if out is not None:
        for file in write_results(results, out):
            typer.echo(f"table: {file}", err=as_json)
