"""`lh-eval rows RUN... -o FILE`: the rows of runs as one table for other tools."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.shared import note


def rows(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, sweeps or suites, or that hold such.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="FILE.parquet, FILE.csv or FILE.jsonl.")],
) -> None:
    """Write the rows of runs into one Parquet, CSV or JSONL file, with their folder, checkpoint and setting."""
    from lh_eval.publish.rows import write_rows
    from lh_eval.store.finding import find_runs

    found = find_runs(runs, passed=note)
    file = write_rows(found, out)
    typer.echo(f"{sum(len(run.frame) for run in found)} rows of {len(found)} runs: {file}")
