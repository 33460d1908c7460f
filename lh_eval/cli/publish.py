"""`lh-eval publish RUN... -o site/`: a page over many runs, with their reports and their results to pass on."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from lh_eval.analysis.effective import RULER_THRESHOLD
from lh_eval.cli.shared import Threshold


def publish(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, sweeps or suites, or published results.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="The site.")] = Path("site"),
    threshold: Threshold = RULER_THRESHOLD,
    prompts: Annotated[bool, typer.Option(help="Make the prompts of reports again; needs the tokenizers.")] = True,
) -> None:
    """Write a static site: a table to sort and filter, a report for each RUN, and its results as one file.

    `lh-eval verify FILE.zip` checks such results; `lh-eval publish FILE.zip ...` takes them beside runs.
    """
    from lh_eval.cli.unpacking import as_folders
    from lh_eval.publish.report.prompts import Prompts
    from lh_eval.publish.site.page import write_site

    with contextlib.ExitStack() as stack:
        folders = as_folders(runs, stack)
        for file in write_site(list(folders), out, Prompts(wanted=prompts), threshold=threshold):
            typer.echo(f"site: {file}")
