"""`lh-eval runs [FOLDER...]`: what runs there are, of what, how far, and what they found."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lh_eval.cli.listing import AsJson
from lh_eval.cli.shared import note
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from lh_eval.store.run import Run

_FOLDER = Path("runs")


def runs(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="FOLDER...", help="Folders that hold runs; runs/ if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of folders: task, checkpoint, setting, samples done of those planned, and mean rate."""
    from lh_eval.analysis.listing import runs_table
    from lh_eval.publish.listing import runs_text

    table = runs_table(_found(folders or [_FOLDER]))
    if as_json:
        values = table.astype(object).where(table.notna(), None).to_dict(orient="records")
        typer.echo(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        typer.echo(runs_text(table).to_string(index=False))


def _found(folders: list[Path]) -> "list[Run]":
    """The runs of the folders; one that cannot be read is told of, and the others are listed."""
    from lh_eval.store.finding import find_runs, run_folders

    found, refused = [], []
    for folder in folders:
        for place in run_folders(folder) or [folder]:
            try:
                found += find_runs([place])
            except InputError as error:
                refused.append(str(error))
    if refused and not found:
        raise InputError(refused[0])
    for line in refused:
        note(line)
    return found
