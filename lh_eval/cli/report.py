"""`lh-eval report RUN... -o report.html`: one self-contained page of runs and sweeps."""

from pathlib import Path
from typing import Annotated

import typer

from lh_eval.errors import InputError


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
    from lh_eval.store.finding import find_runs

    text = page(find_runs(runs), Prompts(wanted=prompts, model=model), failures=failures)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"out must be a file that can be written, got {out} ({error.strerror})") from None
    typer.echo(f"report: {out}")
