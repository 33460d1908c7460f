"""`lh-eval report RUN... -o report.html`: one self-contained page of runs and sweeps."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, sweeps or suites.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page.")] = Path("report.html"),
    failures: Annotated[int, typer.Option(min=0, help="Most failing samples that are shown of each setting.")] = 20,
    prompts: Annotated[bool, typer.Option(help="Make the prompts again; needs the tokenizer, not the weights.")] = True,
    model: Annotated[
        str | None, typer.Option(help="Checkpoint whose tokenizer is taken; the one each run names if not given.")
    ] = None,
) -> None:
    """Write one HTML page: tables, heatmaps with notes, failing samples and provenance. It loads nothing else."""
    from lh_eval.publish.report.page import report as page
    from lh_eval.publish.report.prompts import Prompts
    from lh_eval.publish.writing import write_text
    from lh_eval.store.finding import find_runs

    text = page(find_runs(runs), Prompts(wanted=prompts, model=model), failures=failures)
    write_text(out, text)
    typer.echo(f"report: {out}")
