"""`lh-eval verify RUN...`: are these runs what they say?"""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from lh_eval.cli.shared import STDOUT


def verify(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, sweeps or suites, or that hold such.")
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Checkpoint of the runs, whose weights are compared and whose tokenizer makes the prompts."),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for what was found, as JSON; - prints it."),
    ] = None,
) -> None:
    """Check runs: rows, digests, answers, scores, prompts made again, metrics and hashes. 1 if something is wrong.

    A RUN may be a file of results that lh-eval publish wrote.
    """
    from lh_eval.cli.unpacking import as_folders
    from lh_eval.publish.writing import write_text
    from lh_eval.verifying.findings import as_json, lines, moved, summary_line
    from lh_eval.verifying.folders import verify as verify_folders
    from lh_eval.verifying.run import RunCheck

    printed = json == STDOUT
    verified, check = [], RunCheck(model)
    with contextlib.ExitStack() as stack:
        for folder, given in as_folders(runs, stack).items():
            for found in verify_folders([folder], check):
                one = found if folder == given else moved(found, folder, given)
                verified.append(one)
                for line in lines(one):
                    typer.echo(line, err=printed)
    typer.echo(summary_line(verified), err=printed)
    if printed:
        typer.echo(as_json(verified))
    elif json is not None:
        typer.echo(f"json: {write_text(json, as_json(verified), option='json')}")
    if any(one.findings for one in verified):
        raise typer.Exit(1)
